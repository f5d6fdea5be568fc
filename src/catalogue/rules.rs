//! Changing the catalogue: each function decides inside the writer, keeps the indexes beside the
//! records and notes what it touched, so that the catalogue in memory follows.

use super::records::{
    Bilingual, CATEGORIES, CATEGORY_SLUGS, CategoryId, CategoryRow, CategorySlug, Movement, PRODUCT_SLUGS,
    PRODUCTS, PRODUCTS_IN, PRODUCTS_SHOWING, Picture, ProductRow, ProductSlug, Status, Touched, VARIANTS,
    VARIANTS_OF, VariantRow,
};
use super::shelving::{self, touch, touch_product};
use super::slug;
use super::stock::{self, Move};
use crate::ids::{PictureId, ProductId, StaffId, VariantId};
use crate::locale::Text;
use crate::money::Money;
use crate::refusal::{Kind, Problem, Refusal};
use crate::store::floor::Mark;
use crate::store::{Decided, Key, Plan, StoreResult, View};
use crate::t;

/// The most option names of a product.
pub const MOST_OPTIONS: usize = 3;
/// The most variants of a product.
pub const MOST_VARIANTS: usize = 2000;
/// The most pictures of a product.
pub const MOST_PICTURES: usize = 20;

/// The variants of a product, in their order.
pub(super) fn variants_of(view: &View<'_>, product: ProductId) -> StoreResult<Vec<(VariantId, VariantRow)>> {
    let mut variants = Vec::new();
    for row in view.list(&VARIANTS_OF, &product.0)? {
        let (_, variant) = row.key;
        if let Some(row) = view.get(&VARIANTS, &variant)? {
            variants.push((variant, row));
        }
    }
    variants.sort_by_key(|(id, row)| (row.position, *id));
    Ok(variants)
}

/// Writes a product and its address. Not noted as a change: the caller does that once.
pub(super) fn put_product(plan: &mut Plan<'_>, id: ProductId, mut row: ProductRow) -> StoreResult<()> {
    row.version += 1;
    row.changed = plan.now;
    let before = plan.get(&PRODUCTS, &id)?;
    shelving::relate(plan, id, before.as_ref(), &row)?;
    plan.put(&PRODUCT_SLUGS, &row.slug, &ProductSlug { product: id })?;
    plan.put(&PRODUCTS, &id, &row)
}

pub(super) fn put_variant(plan: &mut Plan<'_>, id: VariantId, row: &VariantRow) -> StoreResult<()> {
    plan.put(&VARIANTS_OF, &(row.product, id), &Mark {})?;
    plan.put(&VARIANTS, &id, row)
}

/// A product as it is put in: what the short form asks, and empty for the rest.
pub(super) fn blank_product(plan: &mut Plan<'_>) -> StoreResult<ProductRow> {
    Ok(ProductRow {
        slug: String::new(),
        title: Bilingual::default(),
        description: Bilingual::default(),
        categories: Vec::new(),
        tags: Vec::new(),
        status: Status::Active,
        pictures: Vec::new(),
        option_names: Vec::new(),
        serial: plan.count_up("products")?,
        created: plan.now,
        changed: plan.now,
        version: 0,
    })
}

/// What the form for a new product asks.
pub(super) struct NewProduct {
    pub product: ProductId,
    pub variant: VariantId,
    pub title: Bilingual,
    pub price: Money,
    pub stock: u32,
    pub sku: String,
    pub category: Option<CategoryId>,
    pub picture: Option<Picture>,
    pub status: Status,
    pub staff: StaffId,
}

/// Puts in a product with one variant and returns its id.
pub(super) fn decide_new(plan: &mut Plan<'_>, new: NewProduct) -> Decided<ProductId> {
    let mut row = blank_product(plan)?;
    row.slug = free_slug(plan, &new.title)?;
    row.title = new.title;
    row.status = new.status;
    if let Some(category) = new.category {
        let gone = || Refusal::field("category", Text::new("This category is gone.", "该分类已不存在。"));
        plan.get(&CATEGORIES, &category)?.ok_or_else(gone)?;
        row.categories.push(category);
    }
    row.pictures.extend(new.picture);
    put_product(plan, new.product, row)?;
    let variant = VariantRow {
        product: new.product,
        options: Vec::new(),
        sku: new.sku,
        price: new.price,
        weight_g: 0,
        position: 0,
    };
    put_variant(plan, new.variant, &variant)?;
    let first = Move::by_hand(i64::from(new.stock), Movement::Start, Some(new.staff));
    stock::move_stock(plan, new.variant, first)?;
    touch_product(plan, new.product)?;
    Ok(new.product)
}

/// A slug that no product has or had, made from the title.
fn free_slug(view: &View<'_>, title: &Bilingual) -> StoreResult<String> {
    let made = [&title.en, &title.zh].map(|text| slug::from_title(text)).into_iter().find(|s| !s.is_empty());
    let base = made.unwrap_or_else(|| "product".to_owned());
    let mut wanted = base.clone();
    let mut number = 2_u32;
    while view.get(&PRODUCT_SLUGS, &wanted)?.is_some() {
        wanted = format!("{base}-{number}");
        number += 1;
    }
    Ok(wanted)
}

/// What the form of a product asks; pictures and variants have forms of their own.
pub(super) struct ProductEdit {
    pub slug: String,
    pub title: Bilingual,
    pub description: Bilingual,
    pub categories: Vec<CategoryId>,
    pub tags: Vec<String>,
    pub status: Status,
    pub option_names: Vec<Bilingual>,
    /// The version that the form was filled in on; `None` if it did not say.
    pub version: Option<u64>,
}

/// Changes a product. A new slug keeps the old address as a way to the new one.
pub(super) fn decide_edit(plan: &mut Plan<'_>, id: ProductId, edit: ProductEdit) -> Decided<()> {
    let mut row = plan.get(&PRODUCTS, &id)?.ok_or_else(Refusal::not_found)?;
    if edit.version.is_some_and(|version| version != row.version) {
        return Err(Refusal::conflict(Text::new(
            "Somebody else changed this product meanwhile. Open it again to see their changes.",
            "该商品刚刚被其他人修改过，请重新打开查看最新内容。",
        ))
        .into());
    }
    if edit.slug != row.slug {
        check_slug_free(plan, id, &edit.slug)?;
    }
    check_option_names(plan, id, &row, &edit.option_names)?;
    row.slug = edit.slug;
    row.title = edit.title;
    row.description = edit.description;
    row.categories = edit.categories;
    row.tags = edit.tags;
    row.status = edit.status;
    row.option_names = edit.option_names;
    put_product(plan, id, row)?;
    Ok(touch_product(plan, id)?)
}

/// The address a product has now cannot be taken; one that it only had before can.
fn check_slug_free(view: &View<'_>, id: ProductId, wanted: &str) -> Decided<()> {
    let Some(holder) = view.get(&PRODUCT_SLUGS, &wanted.to_owned())? else { return Ok(()) };
    let taken = holder.product != id
        && view.get(&PRODUCTS, &holder.product)?.is_some_and(|other| other.slug == wanted);
    if !taken {
        return Ok(());
    }
    let said = Text::new("Another product has this address.", "该地址已被其他商品使用。");
    Err(Refusal::field("slug", said).into())
}

/// Options can be renamed at any time, but added or taken away only while there is one variant.
fn check_option_names(
    plan: &mut Plan<'_>,
    id: ProductId,
    row: &ProductRow,
    names: &[Bilingual],
) -> Decided<()> {
    if names.len() == row.option_names.len() {
        return Ok(());
    }
    let variants = variants_of(plan, id)?;
    if variants.len() > 1 {
        let said = Text::new(
            "Options can be added or taken away only while the product has one variant.",
            "商品只有一个规格时，才能增减规格项。",
        );
        return Err(Refusal::field("option1", said).into());
    }
    for (variant, mut row) in variants {
        // A value of its own is typed in afterwards.
        row.options.resize(names.len(), Bilingual::new("Standard", "标准"));
        put_variant(plan, variant, &row)?;
    }
    Ok(())
}

/// Adds a picture to a product; one that it has already stays where it is.
pub(super) fn decide_add_picture(plan: &mut Plan<'_>, id: ProductId, picture: Picture) -> Decided<()> {
    let mut row = plan.get(&PRODUCTS, &id)?.ok_or_else(Refusal::not_found)?;
    if row.pictures.iter().any(|known| known.id == picture.id) {
        return Ok(());
    }
    if row.pictures.len() >= MOST_PICTURES {
        let problem = Problem::saying("picture", |l| {
            t!(l, "A product has at most {MOST_PICTURES} pictures.", "每个商品最多 {MOST_PICTURES} 张图片。")
        });
        return Err(Refusal::invalid(vec![problem]).into());
    }
    row.pictures.push(picture);
    put_product(plan, id, row)?;
    Ok(touch_product(plan, id)?)
}

/// What to do with a picture of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PictureAct {
    Up,
    Down,
    Remove,
}

/// Moves or removes a picture. True if no product shows the picture any more.
pub(super) fn decide_picture(
    plan: &mut Plan<'_>,
    id: ProductId,
    picture: PictureId,
    act: PictureAct,
) -> Decided<bool> {
    let mut row = plan.get(&PRODUCTS, &id)?.ok_or_else(Refusal::not_found)?;
    let place = row.pictures.iter().position(|known| known.id == picture).ok_or_else(Refusal::not_found)?;
    match act {
        PictureAct::Up if place > 0 => row.pictures.swap(place, place - 1),
        PictureAct::Down if place + 1 < row.pictures.len() => row.pictures.swap(place, place + 1),
        PictureAct::Up | PictureAct::Down => return Ok(false),
        PictureAct::Remove => drop(row.pictures.remove(place)),
    }
    put_product(plan, id, row)?;
    touch_product(plan, id)?;
    if act != PictureAct::Remove {
        return Ok(false);
    }
    let shown = !plan.list(&PRODUCTS_SHOWING, &picture.0)?.is_empty();
    if !shown {
        super::pictures::forget(plan, picture)?;
    }
    Ok(!shown)
}

/// What the form of a variant asks.
#[derive(Clone)]
pub(super) struct VariantEdit {
    pub options: Vec<Bilingual>,
    pub sku: String,
    pub price: Money,
    pub weight_g: u32,
}

/// Changes one variant and no other.
pub(super) fn decide_variant(
    plan: &mut Plan<'_>,
    product: ProductId,
    id: VariantId,
    edit: VariantEdit,
) -> Decided<()> {
    let row = variant_in(plan, product, id)?;
    check_variant(plan, product, Some(id), &edit)?;
    let row = VariantRow {
        options: edit.options,
        sku: edit.sku,
        price: edit.price,
        weight_g: edit.weight_g,
        ..row
    };
    put_variant(plan, id, &row)?;
    Ok(touch_product(plan, product)?)
}

/// Adds a variant with its first stock.
pub(super) fn decide_new_variant(
    plan: &mut Plan<'_>,
    product: ProductId,
    id: VariantId,
    edit: VariantEdit,
    first: u32,
    staff: StaffId,
) -> Decided<()> {
    plan.get(&PRODUCTS, &product)?.ok_or_else(Refusal::not_found)?;
    check_variant(plan, product, None, &edit)?;
    let last = variants_of(plan, product)?.last().map(|(_, row)| row.position);
    let row = VariantRow {
        product,
        options: edit.options,
        sku: edit.sku,
        price: edit.price,
        weight_g: edit.weight_g,
        position: last.map_or(0, |last| last + 1),
    };
    put_variant(plan, id, &row)?;
    stock::move_stock(plan, id, Move::by_hand(i64::from(first), Movement::Start, Some(staff)))?;
    Ok(touch_product(plan, product)?)
}

/// Two variants of a product differ in an option, and no two have one SKU.
fn check_variant(
    view: &View<'_>,
    product: ProductId,
    own: Option<VariantId>,
    edit: &VariantEdit,
) -> Decided<()> {
    let variants = variants_of(view, product)?;
    let others = || variants.iter().filter(|(id, _)| Some(*id) != own).map(|(_, row)| row);
    let mut problems = Vec::new();
    if own.is_none() && variants.len() >= MOST_VARIANTS {
        problems.push(Problem::saying("", |l| {
            t!(l, "A product has at most {MOST_VARIANTS} variants.", "每个商品最多 {MOST_VARIANTS} 个规格。")
        }));
    }
    if others().any(|other| other.options == edit.options) {
        // Without options there is no field to point at.
        let field = if edit.options.is_empty() { "" } else { "value1" };
        let said = Text::new(
            "Another variant of this product has the same options.",
            "该商品已有选项完全相同的规格。",
        );
        problems.push(Problem::new(field, said));
    }
    if !edit.sku.is_empty() && others().any(|other| other.sku == edit.sku) {
        let said =
            Text::new("Another variant of this product has this SKU.", "该商品的其他规格已使用此货号。");
        problems.push(Problem::new("sku", said));
    }
    Ok(Refusal::unless_empty(problems)?)
}

/// Takes a variant out. Its movements stay, and what is on order can still come back.
pub(super) fn decide_remove_variant(plan: &mut Plan<'_>, product: ProductId, id: VariantId) -> Decided<()> {
    variant_in(plan, product, id)?;
    if variants_of(plan, product)?.len() < 2 {
        return Err(Refusal::field(
            "",
            Text::new(
                "A product keeps at least one variant. Archive the product instead.",
                "商品至少要有一个规格。不再销售时，请将商品归档。",
            ),
        )
        .into());
    }
    plan.delete(&VARIANTS_OF, &(product, id))?;
    plan.delete(&VARIANTS, &id)?;
    Ok(touch_product(plan, product)?)
}

/// How a stock is changed by hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StockChange {
    Set(u32),
    Add(u32),
    Take(u32),
}

/// Changes a stock by hand and returns the new one.
pub(super) fn decide_stock(
    plan: &mut Plan<'_>,
    product: ProductId,
    id: VariantId,
    change: StockChange,
    why: Movement,
    staff: StaffId,
) -> Decided<u32> {
    variant_in(plan, product, id)?;
    let before = stock::count(plan, id)?;
    let by = match change {
        StockChange::Set(to) => i64::from(to) - i64::from(before),
        StockChange::Add(more) => i64::from(more),
        StockChange::Take(fewer) => -i64::from(fewer),
    };
    if i64::from(before) + by > i64::from(stock::MOST) {
        let most = stock::MOST;
        let say = |l| t!(l, "A stock holds at most {most} pieces.", "库存最多 {most} 件。");
        return Err(Refusal::invalid(vec![Problem::saying("stock", say)]).into());
    }
    let Some(after) = stock::move_stock(plan, id, Move::by_hand(by, why, Some(staff)))? else {
        let say = |l| t!(l, "There are only {before} pieces.", "库存只有 {before} 件。");
        return Err(Refusal::invalid(vec![Problem::saying("stock", say)]).into());
    };
    touch_product(plan, product)?;
    Ok(after)
}

fn variant_in(view: &View<'_>, product: ProductId, id: VariantId) -> Decided<VariantRow> {
    let row = view.get(&VARIANTS, &id)?.filter(|row| row.product == product);
    Ok(row.ok_or_else(Refusal::not_found)?)
}

/// What the form of a category asks.
#[derive(Clone)]
pub(super) struct CategoryEdit {
    pub slug: String,
    pub title: Bilingual,
    pub description: Bilingual,
}

/// Adds a category after the last one, or changes one.
pub(super) fn decide_category(
    plan: &mut Plan<'_>,
    id: Option<CategoryId>,
    mut edit: CategoryEdit,
) -> Decided<CategoryId> {
    let before = match id {
        Some(id) => Some(plan.get(&CATEGORIES, &id)?.ok_or_else(Refusal::not_found)?),
        None => None,
    };
    if edit.slug.is_empty() {
        edit.slug = before.as_ref().map_or_else(|| category_slug_of(&edit.title), |row| row.slug.clone());
    }
    check_category_slug(plan, id, &edit.slug)?;
    let position = match &before {
        Some(row) => row.position,
        None => next_position(plan)?,
    };
    let id = match id {
        Some(id) => id,
        None => CategoryId(plan.count_up("categories")?),
    };
    let row = CategoryRow { slug: edit.slug, title: edit.title, description: edit.description, position };
    put_category(plan, id, &row)?;
    touch(plan, Touched::Categories)?;
    Ok(id)
}

fn category_slug_of(title: &Bilingual) -> String {
    let made = [&title.en, &title.zh].map(|text| slug::from_title(text)).into_iter().find(|s| !s.is_empty());
    made.unwrap_or_else(|| "category".to_owned())
}

fn check_category_slug(view: &View<'_>, id: Option<CategoryId>, wanted: &str) -> Decided<()> {
    let Some(holder) = view.get(&CATEGORY_SLUGS, &wanted.to_owned())? else { return Ok(()) };
    let taken = Some(holder.category) != id
        && view.get(&CATEGORIES, &holder.category)?.is_some_and(|other| other.slug == wanted);
    if !taken {
        return Ok(());
    }
    let said = Text::new("Another category has this address.", "该地址已被其他分类使用。");
    Err(Refusal::field("slug", said).into())
}

pub(super) fn next_position(view: &View<'_>) -> StoreResult<u32> {
    let rows = view.list(&CATEGORIES, &[])?;
    Ok(rows.iter().map(|row| row.record.position).max().map_or(1, |last| last.saturating_add(1)))
}

pub(super) fn put_category(plan: &mut Plan<'_>, id: CategoryId, row: &CategoryRow) -> StoreResult<()> {
    plan.put(&CATEGORY_SLUGS, &row.slug, &CategorySlug { category: id })?;
    plan.put(&CATEGORIES, &id, row)
}

/// Moves a category one place up or down. At the end it stays.
pub(super) fn decide_move_category(plan: &mut Plan<'_>, id: CategoryId, up: bool) -> Decided<()> {
    let mut rows = plan.list(&CATEGORIES, &[])?;
    rows.sort_by_key(|row| (row.record.position, row.key));
    let place = rows.iter().position(|row| row.key == id).ok_or_else(Refusal::not_found)?;
    let other = if up { place.checked_sub(1) } else { Some(place + 1).filter(|next| *next < rows.len()) };
    let Some(other) = other else { return Ok(()) };
    rows.swap(place, other);
    // Counted anew, because a file may have given two the same position.
    for (position, mut row) in (1_u32..).zip(rows) {
        if row.record.position != position {
            row.record.position = position;
            plan.put(&CATEGORIES, &row.key, &row.record)?;
        }
    }
    Ok(touch(plan, Touched::Categories)?)
}

/// Deletes a category that no product is in.
pub(super) fn decide_delete_category(plan: &mut Plan<'_>, id: CategoryId) -> Decided<()> {
    let row = plan.get(&CATEGORIES, &id)?.ok_or_else(Refusal::not_found)?;
    let inside = plan.list(&PRODUCTS_IN, &id.to_bytes())?.len();
    if inside > 0 {
        let problem = Problem::saying("", |l| {
            let title = row.title.get(l);
            t!(
                l,
                "{title} still holds {inside} products. Move them to another category first.",
                "“{title}”中还有 {inside} 个商品，请先移到其他分类。"
            )
        });
        return Err(Refusal { kind: Kind::Invalid, problems: vec![problem] }.into());
    }
    plan.delete(&CATEGORIES, &id)?;
    plan.delete(&CATEGORY_SLUGS, &row.slug)?;
    Ok(touch(plan, Touched::Categories)?)
}
