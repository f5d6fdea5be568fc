//! The catalogue against a real store: sales, imports, pages that follow.

use std::sync::Arc;

use proptest::prelude::*;

use super::records::{CATEGORIES, STOCK, STOCK_MOVEMENTS, Touched};
use super::rules::{self, NewProduct, ProductEdit, StockChange};
use super::*;
use crate::clock::ManualClock;
use crate::ids::{OrderNumber, StaffId};
use crate::money::Currency;
use crate::refusal::Kind;
use crate::store::{Decided, Plan, Stop};
use crate::trial;

const STAFF: StaffId = StaffId([9; 16]);

pub(super) struct Fixture {
    pub(super) shop: Shop,
    clock: Arc<ManualClock>,
    _dir: tempfile::TempDir,
}

pub(super) fn fixture() -> Fixture {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let clock = trial::clock();
    let shop = Shop::open(trial::parts(dir.path(), &clock, true, false)).expect("the shop opens");
    Fixture { shop, clock, _dir: dir }
}

fn no_pictures(_: &str) -> Option<Vec<u8>> {
    None
}

impl Fixture {
    fn commit<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
    ) -> Decided<T> {
        self.shop.store.commit_blocking(decide)
    }

    fn import(&self, csv: &str) -> ImportReport {
        import(&self.shop, csv.as_bytes(), &mut no_pictures).expect("imported")
    }

    fn told(&self, csv: &str) -> Vec<String> {
        let refused = import(&self.shop, csv.as_bytes(), &mut no_pictures).expect_err("refused");
        refused.iter().map(ToString::to_string).collect()
    }

    pub(super) fn read(&self) -> Reader<'_> {
        read(&self.shop).expect("the catalogue")
    }

    pub(super) fn product(&self, slug: &str) -> Arc<Product> {
        self.read().product_by_slug(slug).expect("readable").expect("the product")
    }

    fn found(&self, text: &str) -> usize {
        let query = Query::parse(text);
        let wish = Wish { query, category: None, min: None, max: None, sort: Sort::Match };
        self.read().search(&wish).expect("readable").len()
    }

    fn faults(&self) -> Vec<String> {
        faults(&self.shop.store.view().expect("a view")).expect("checked")
    }
}

fn order(number: u32) -> OrderNumber {
    OrderNumber(format!("KWTR{number}"))
}

fn mug(stock: u32) -> String {
    format!("handle,title,price,stock,sku\nmug,Blue mug,49,{stock},KT-INS114-DRE\n")
}

#[test]
fn the_last_piece_is_sold_once() {
    let shop = fixture();
    shop.import(&mug(1));
    let variant = shop.product("mug").variants[0].id;
    let sell = |number| shop.commit(move |plan| take_stock(plan, variant, 1, &order(number)));
    assert!(sell(1).is_ok());
    let refused = (2..100)
        .map(sell)
        .filter(|sold| matches!(sold, Err(Stop::Refused(refusal)) if refusal.kind == Kind::Conflict));
    assert_eq!(refused.count(), 98);
    assert_eq!(shop.product("mug").stock(), 0);
    assert_eq!(shop.product("mug").sold, 1);
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[test]
fn a_stock_that_is_not_its_movements_is_found() {
    let shop = fixture();
    shop.import(&mug(5));
    let variant = shop.product("mug").variants[0].id;
    shop.commit(move |plan| {
        let mut row = plan.get(&STOCK, &variant)?.unwrap_or_default();
        row.count = 6;
        Ok(plan.put(&STOCK, &variant, &row)?)
    })
    .expect("spoiled");
    let faults = [
        "mug KT-INS114-DRE: the stock is 6, its movements come to 5",
        "mug: lists and search do not know it as it is",
    ];
    assert_eq!(shop.faults(), faults);
}

#[test]
fn pages_follow_each_change() {
    let shop = fixture();
    shop.import(&mug(5));
    let before = shop.product("mug");
    assert!(Arc::ptr_eq(&before, &shop.product("mug")));
    let id = shop.product("mug").id;
    let variant = shop.product("mug").variants[0].id;
    shop.commit(move |plan| {
        rules::decide_stock(plan, id, variant, StockChange::Add(2), Movement::Received, STAFF)
    })
    .expect("added");
    assert_eq!(shop.product("mug").stock(), 7);
    assert_eq!(before.stock(), 5);
    assert_eq!(shop.found("ins114"), 1);
    let row = shop.product("mug").row.clone();
    shop.commit(move |plan| {
        let edit = ProductEdit {
            slug: "cup".to_owned(),
            title: Bilingual::new("Green cup", "绿杯子"),
            description: row.description,
            categories: Vec::new(),
            tags: Vec::new(),
            status: Status::Active,
            option_names: Vec::new(),
            version: Some(row.version),
        };
        rules::decide_edit(plan, id, edit)
    })
    .expect("renamed");
    assert_eq!(shop.found("mug"), 0);
    assert_eq!(shop.found("杯"), 1);
    // The old address still means the product.
    let view = shop.shop.store.view().expect("a view");
    let old = view.get(&records::PRODUCT_SLUGS, &"mug".to_owned()).expect("read").expect("kept");
    assert_eq!(old.product, id);
}

#[test]
fn a_product_is_added_and_its_second_editor_is_told() {
    let shop = fixture();
    let (product, variant) = (ProductId([1; 16]), VariantId([2; 16]));
    shop.commit(move |plan| {
        let new = NewProduct {
            product,
            variant,
            title: Bilingual::new("", "礼盒"),
            price: Money::new(4900, Currency::CNY),
            stock: 3,
            sku: String::new(),
            category: None,
            picture: None,
            status: Status::Draft,
            staff: STAFF,
        };
        rules::decide_new(plan, new)
    })
    .expect("added");
    assert_eq!(shop.product("礼盒").stock(), 3);
    assert_eq!(shop.read().count(None), 0);
    let edit = move |plan: &mut Plan<'_>| {
        let edit = ProductEdit {
            slug: "box".to_owned(),
            title: Bilingual::new("Box", ""),
            description: Bilingual::default(),
            categories: Vec::new(),
            tags: Vec::new(),
            status: Status::Active,
            option_names: vec![Bilingual::new("Size", "尺寸")],
            version: Some(1),
        };
        rules::decide_edit(plan, product, edit)
    };
    shop.commit(edit).expect("changed");
    let second = shop.commit(edit);
    assert!(matches!(second, Err(Stop::Refused(refusal)) if refusal.kind == Kind::Conflict));
    assert_eq!(shop.product("box").variants[0].row.options.len(), 1);
}

#[test]
fn an_import_is_all_or_nothing() {
    let shop = fixture();
    let bad = "handle,title,price,stock,picture\nmug,Mug,49,5,\ncup,Cup,1,1,missing.jpg\npot,,3,1,\n";
    assert_eq!(shop.told(bad), ["line 3, picture: missing.jpg: there is no such file"]);
    let bad = "handle,title,price,stock\nmug,Mug,49,5\npot,,3,1\n";
    assert_eq!(shop.told(bad), ["line 3, title: the title is missing and there is no such product yet"]);
    assert!(shop.read().ids().is_empty());
}

#[test]
fn an_import_twice_doubles_nothing() {
    let shop = fixture();
    let csv = "stock,handle,title,price,category,option1_name,option1_value,tags\n\
               5,mug,Mug,49,summer-hats,Size / 尺寸,S,a|b\n\
               +2,mug,,59,,,L,\n";
    let first = shop.import(csv);
    assert_eq!((first.products_new, first.variants_new, first.categories_new), (1, 2, 1));
    assert_eq!(shop.read().categories()[0].row.title.en, "Summer hats");
    let again = shop.import(&csv.replace("+2", ""));
    assert_eq!((again.products_same, again.variants_new, again.categories_new), (1, 0, 0));
    assert_eq!(shop.product("mug").stock(), 7);
    // Rows without options mean variants by their SKU; nothing else is clear.
    let unclear = shop.told("handle,title,price,stock\nmug,Mug,49,9\n");
    assert!(unclear[0].starts_with("line 2, option1_value: it is not clear which variant is meant"));
    assert_eq!(shop.faults(), Vec::<String>::new());
}

#[test]
fn an_export_comes_back_without_a_change() {
    let shop = fixture();
    shop.import(
        "handle,title,title_zh,price,stock,sku,category,description,option1_name,option1_value,weight_g,tags,status\n\
         mug,\"=1+1, \"\"Mug\"\"\",杯,49.5,5,A-1,kitchen,\"Two\nlines\",Size / 尺寸,Small / 小,120,a|b,draft\n\
         mug,,,59,0,A-2,,,,Red / Blue,,,\n\
         礼盒,礼盒,,100,3,,,,,,,,\n",
    );
    let csv = export(&shop.shop).expect("exported");
    let before = shop.read().version();
    let again = import(&shop.shop, &csv, &mut no_pictures).expect("imported");
    assert_eq!(again, ImportReport { products_same: 2, ..ImportReport::default() });
    assert_eq!(shop.read().version(), before);
    assert_eq!(export(&shop.shop).expect("exported"), csv);
}

#[test]
fn what_was_sold_since_the_export_is_said() {
    let shop = fixture();
    shop.import(&mug(5));
    let variant = shop.product("mug").variants[0].id;
    shop.commit(move |plan| take_stock(plan, variant, 1, &order(1))).expect("sold");
    shop.clock.advance_seconds(60);
    let csv = export(&shop.shop).expect("exported");
    shop.clock.advance_seconds(60);
    shop.commit(move |plan| take_stock(plan, variant, 2, &order(2))).expect("sold");
    let report = import(&shop.shop, &csv, &mut no_pictures).expect("imported");
    assert_eq!(report.sold_since_export[0].sold, 2);
    assert_eq!(report.sold_since_export[0].set_to, 4);
}

#[test]
fn a_picture_is_kept_once() {
    let shop = fixture();
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(900, 600).write_to(&mut bytes, image::ImageFormat::Png).expect("drawn");
    let bytes = bytes.into_inner();
    let csv = "handle,title,price,stock,picture\na,A,1,1,x.png|y.png\nb,B,1,1,pictures/x.png\n";
    let mut files = |_: &str| Some(bytes.clone());
    let first = import(&shop.shop, csv.as_bytes(), &mut files).expect("imported");
    assert_eq!(first.pictures_new, 1);
    let media = || std::fs::read_dir(shop.shop.dir.join("media")).expect("a folder").count();
    assert_eq!(media(), 3);
    let again = import(&shop.shop, csv.as_bytes(), &mut files).expect("imported");
    assert_eq!((again.pictures_new, again.products_same), (0, 2));
    assert_eq!(media(), 3);
    assert_eq!(shop.product("a").row.pictures, shop.product("b").row.pictures);
    let offer = offer(&shop.shop.store.view().expect("a view"), shop.product("a").variants[0].id);
    let picture = offer.expect("read").expect("offered").picture.expect("a picture");
    assert!(picture.starts_with("/media/") && picture.ends_with("-400.jpg"));
}

#[test]
fn the_sample_catalogue_comes_in() {
    let shop = fixture();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample");
    let categories = std::fs::read(folder.join("categories.csv")).expect("the sample's categories");
    assert!(import_categories(&shop.shop, &categories).expect("imported") > 0);
    assert_eq!(import_categories(&shop.shop, &categories).expect("imported"), 0);
    let csv = std::fs::read(folder.join("catalogue.csv")).expect("the sample's catalogue");
    // One picture stands for all: decoding them is another test's business.
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(40, 40).write_to(&mut bytes, image::ImageFormat::Png).expect("drawn");
    let mut files = |name: &str| folder.join(name).exists().then(|| bytes.get_ref().clone());
    let report = import(&shop.shop, &csv, &mut files).expect("imported");
    assert!(report.products_new >= 50);
    assert_eq!(report.categories_new, 0);
    let again = import(&shop.shop, &export(&shop.shop).expect("exported"), &mut no_pictures);
    assert_eq!(again.expect("imported").products_same, report.products_new);
}

#[test]
fn categories_move_and_go_when_empty() {
    let shop = fixture();
    import_categories(&shop.shop, b"slug,title,position\na,A,1\nb,B,1\nc,C,7\n").expect("imported");
    let order = || -> Vec<String> {
        shop.read().categories().iter().map(|category| category.row.slug.clone()).collect()
    };
    let c = shop.read().category_by_slug("c").expect("there").id;
    shop.commit(move |plan| rules::decide_move_category(plan, c, true)).expect("moved");
    assert_eq!(order(), ["a", "c", "b"]);
    shop.import("handle,title,price,stock,category\nmug,Mug,1,1,c\n");
    assert!(shop.commit(move |plan| rules::decide_delete_category(plan, c)).is_err());
    let a = shop.read().category_by_slug("a").expect("there").id;
    shop.commit(move |plan| rules::decide_delete_category(plan, a)).expect("deleted");
    assert_eq!(order(), ["c", "b"]);
    assert_eq!(shop.shop.store.view().expect("a view").list(&CATEGORIES, &[]).expect("read").len(), 2);
}

#[derive(Clone, Debug)]
enum Step {
    Sell(u32),
    GiveBack(u32),
    Change(StockChange),
    Import(String),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0_u32..6).prop_map(Step::Sell),
        (1_u32..4).prop_map(Step::GiveBack),
        (0_u32..9).prop_map(|n| Step::Change(StockChange::Set(n))),
        (0_u32..9).prop_map(|n| Step::Change(StockChange::Add(n))),
        (0_u32..9).prop_map(|n| Step::Change(StockChange::Take(n))),
        prop_oneof![Just(String::new()), Just("+3".to_owned()), Just("2".to_owned())].prop_map(Step::Import),
    ];
    prop::collection::vec(step, 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_stock_is_the_sum_of_its_movements_and_never_below_zero(steps in steps()) {
        let shop = fixture();
        shop.import(&mug(3));
        let (product, variant) = (shop.product("mug").id, shop.product("mug").variants[0].id);
        let mut expected = 3_i64;
        for (number, step) in (1..).zip(steps) {
            let number = order(number);
            let by = match step {
                Step::Sell(n) => {
                    let sold = shop.commit(move |plan| take_stock(plan, variant, n, &number));
                    prop_assert_eq!(sold.is_ok(), i64::from(n) <= expected);
                    if sold.is_ok() { -i64::from(n) } else { 0 }
                }
                Step::GiveBack(n) => {
                    let give = move |plan: &mut Plan<'_>| Ok(give_back(plan, variant, n, &number, Movement::Cancelled)?);
                    shop.commit(give).expect("given back");
                    i64::from(n)
                }
                Step::Change(change) => {
                    let decide = move |plan: &mut Plan<'_>| {
                        rules::decide_stock(plan, product, variant, change, Movement::Counted, STAFF)
                    };
                    shop.commit(decide).map_or(0, |after| i64::from(after) - expected)
                }
                Step::Import(cell) => {
                    shop.import(&mug(0).replace(",0,", &format!(",{cell},")));
                    match cell.as_str() { "" => 0, "2" => 2 - expected, _ => 3 }
                }
            };
            expected += by;
            prop_assert!(expected >= 0);
            prop_assert_eq!(shop.product("mug").stock(), u64::try_from(expected).expect("not below zero"));
        }
        prop_assert_eq!(shop.faults(), Vec::<String>::new());
        let view = shop.shop.store.view().expect("a view");
        let rows = view.list(&STOCK_MOVEMENTS, &variant.0).expect("read");
        prop_assert_eq!(rows.iter().map(|row| row.record.change).sum::<i64>(), expected);
    }
}

/// What changes lists, at random.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Sell { product: usize, quantity: u32 },
    GiveBack { product: usize, quantity: u32 },
    Row { product: usize, price: u32, category: usize, tags: &'static str, status: &'static str },
    Stock { product: usize, to: u32 },
}

pub(super) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let tags = prop_oneof![Just("none"), Just("new"), Just("bestseller|new")];
    let status = prop_oneof![Just("active"), Just("active"), Just("draft"), Just("archived")];
    let change = prop_oneof![
        (0_usize..8, 1_u32..9).prop_map(|(product, quantity)| Change::Sell { product, quantity }),
        (0_usize..8, 1_u32..3).prop_map(|(product, quantity)| Change::GiveBack { product, quantity }),
        (0_usize..8, 1_u32..5, 0_usize..3, tags, status).prop_map(
            |(product, price, category, tags, status)| {
                Change::Row { product, price, category, tags, status }
            }
        ),
        (0_usize..8, 0_u32..30).prop_map(|(product, to)| Change::Stock { product, to }),
    ];
    prop::collection::vec(change, 1..40)
}

const SORTS: [Sort; 4] = [Sort::Popular, Sort::New, Sort::PriceUp, Sort::PriceDown];

impl Fixture {
    pub(super) fn make(&self, change: Change) {
        let slug = |product: usize| format!("p{product}");
        let known = |product: usize| self.read().product_by_slug(&slug(product)).expect("readable");
        match change {
            Change::Row { product, price, category, tags, status } => {
                let slug = slug(product);
                let row = format!("{slug},Thing {product},{price},+10,c{category},{tags},{status}");
                self.import(&format!("handle,title,price,stock,category,tags,status\n{row}\n"));
            }
            Change::Sell { product, quantity } => {
                let Some(known) = known(product) else { return };
                let variant = known.variants[0].id;
                // Too few are refused, and nothing changes.
                drop(self.commit(move |plan| take_stock(plan, variant, quantity, &order(1))));
            }
            Change::GiveBack { product, quantity } => {
                let Some(known) = known(product) else { return };
                let variant = known.variants[0].id;
                let give = move |plan: &mut Plan<'_>| {
                    Ok(give_back(plan, variant, quantity, &order(1), Movement::Cancelled)?)
                };
                self.commit(give).expect("given back");
            }
            Change::Stock { product, to } => {
                let Some(known) = known(product) else { return };
                let (id, variant) = (known.id, known.variants[0].id);
                let set = StockChange::Set(to);
                let decide = move |plan: &mut Plan<'_>| {
                    rules::decide_stock(plan, id, variant, set, Movement::Counted, STAFF)
                };
                self.commit(decide).expect("counted");
            }
        }
    }

    /// All lists in all orders, with what each product shows.
    fn lists(&self, cache: &Arc<Cache>) -> Vec<String> {
        let catalogue = reader::read_by(cache.clone(), &self.shop.store).expect("readable");
        let categories = catalogue.categories().iter().map(|category| Some(category.id));
        let mut lists = Vec::new();
        for category in std::iter::once(None).chain(categories) {
            for sort in SORTS {
                let listed = catalogue.list(category, sort, 0, 100).expect("readable");
                assert_eq!(listed.len(), catalogue.count(category));
                let each = listed.iter().map(|card| {
                    let product = catalogue.product(card.id).expect("readable").expect("it is listed");
                    assert_eq!(card.row.prices, product.prices());
                    assert_eq!(card.row.stock, product.stock());
                    format!("{}, {}", Shown(&product), card.row.title.en)
                });
                lists.push(format!("{category:?} {sort:?}: {}", each.collect::<Vec<_>>().join(", ")));
            }
        }
        for status in [None, Some(Status::Active), Some(Status::Draft), Some(Status::Archived)] {
            let all = catalogue.all(status, 0, 100);
            assert_eq!(all.len(), catalogue.count_all(status));
            lists.push(format!("{status:?}: {all:?}"));
        }
        lists
    }
}

/// What is compared of a product.
struct Shown<'a>(&'a Product);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let price = self.0.variants[0].row.price.minor;
        write!(f, "{} at {price}, {} left, {} sold", self.0.row.slug, self.0.stock(), self.0.sold)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn lists_that_follow_are_as_lists_made_anew(changes in changes()) {
        let shop = fixture();
        for change in changes {
            shop.make(change);
            let followed = shop.lists(&shop.shop.of::<reader::Cache>());
            prop_assert_eq!(followed, shop.lists(&Arc::new(Cache::loaded(&shop.shop.store))));
        }
        prop_assert_eq!(shop.faults(), Vec::<String>::new());
    }
}

#[test]
fn what_was_missed_for_too_long_is_read_anew() {
    let shop = fixture();
    shop.import(&mug(9));
    let id = shop.product("mug").id;
    shop.import("handle,title,price,stock\ncup,Cup,1,1\n");
    shop.commit(move |plan| {
        (0..shelving::FOLLOWED).try_for_each(|_| shelving::touch(plan, Touched::Product(id)))?;
        Ok(())
    })
    .expect("touched");
    assert_eq!(shop.read().count(None), 2);
    assert_eq!(shop.product("cup").stock(), 1);
}

#[test]
fn what_lists_and_search_know_wrongly_is_found() {
    let shop = fixture();
    shop.import(&mug(9));
    let id = shop.product("mug").id;
    shop.commit(move |plan| Ok(plan.delete(&records::WORDS, &id)?)).expect("spoiled");
    assert_eq!(shop.faults(), ["mug: lists and search do not know it as it is"]);
}
