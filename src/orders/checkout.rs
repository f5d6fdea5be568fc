//! The checkout: one form from the cart to the order (COL-10, COL-11). A form is taken once: the
//! cart's key stands in it, and a second form with the same key ends at the same order.

use axum::extract::Query;
use serde::Deserialize;

use super::checkout_page::{self, Drawn};
use super::place::{self, PlaceOrder, Quote};
use super::records::{Delivery, Invoice, InvoiceKind, PLACED, Placed};
use super::terms::Terms;
use crate::accounts;
use crate::address::{self, Address};
use crate::cart;
use crate::closing;
use crate::ids::{AddressId, OrderNumber, SubjectId};
use crate::locale::Text;
use crate::payments::{self, Method};
use crate::refusal::{Decided, Kind, Problem, Refusal, Stop};
use crate::sessions::hash_of;
use crate::settings::Settings;
use crate::store::{Plan, StoreResult, View};
use crate::web::{Answer, Form, Route, Visit, Who, get, page, post, refused, see};

pub fn routes() -> Vec<Route> {
    vec![get("/checkout", Who::Customer, show), post("/checkout", Who::Customer, "places an order", take)]
}

/// A form of the checkout that was filled in.
#[derive(Clone, Debug)]
pub struct Checkout {
    pub subject: SubjectId,
    pub address: Address,
    /// Keep the address for the next order.
    pub save: bool,
    pub delivery: Delivery,
    pub payment: Method,
    pub invoice: Option<Invoice>,
    pub note: String,
    /// The key of the cart that the form was drawn for.
    pub key: String,
    /// The stamp of the quote that the form showed.
    pub stamp: String,
}

/// Makes an order of the customer's cart, once for each cart.
///
/// # Errors
/// A refusal if the cart or a price is not what the form showed, or something is sold out.
pub fn check_out(plan: &mut Plan<'_>, terms: &Terms, form: Checkout) -> Decided<OrderNumber> {
    if let Some(number) = placed_with(plan, form.subject, &form.key)? {
        return Ok(number);
    }
    let cart = cart::of(plan, form.subject)?;
    let quote = place::quote(plan, &cart.goods(), terms.delivery_price)?;
    if cart.key != form.key || quote.stamp() != form.stamp {
        return Err(Refusal::field("", CHANGED).into());
    }
    if form.save {
        accounts::save_address(plan, form.subject, &form.address, false)?;
    }
    let wish = PlaceOrder {
        subject: form.subject,
        items: cart.goods(),
        address: form.address,
        delivery: form.delivery,
        payment: form.payment,
        invoice: form.invoice,
        note: form.note,
    };
    let number = place::place(plan, terms, wish)?;
    let account = accounts::vault(plan, form.subject)?;
    let placed = Placed { number: number.clone() };
    plan.put_in(&PLACED, &hash_of(&form.key), account, &placed)?;
    cart::empty(plan, form.subject)?;
    Ok(number)
}

const CHANGED: Text = Text::new(
    "Your cart or a price has changed since this page was shown. Please check the items and the total below, and \
     order again.",
    "页面打开后，购物车或价格有变化。请核对下方商品与合计金额，再重新提交。",
);

/// The order that this customer made of the cart with this key.
fn placed_with(view: &View<'_>, subject: SubjectId, key: &str) -> StoreResult<Option<OrderNumber>> {
    if key.is_empty() {
        return Ok(None);
    }
    let Some(placed) = view.get(&PLACED, &hash_of(key))? else { return Ok(None) };
    let consignee = super::consignee_of(view, &placed.number)?;
    let own = consignee.filter(|consignee| consignee.subject == subject && !consignee.hidden);
    Ok(own.map(|_| placed.number))
}

/// How the page was come by.
#[derive(Deserialize, Default)]
struct Asked {
    /// `new` for the fields of a new address.
    #[serde(default)]
    address: String,
    /// `capped` after a sign-in that put two carts together.
    #[serde(default)]
    said: String,
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let view = visit.view()?;
    let cart = cart::of(&view, visit.subject()?)?;
    if !cart.is_sound() {
        return Ok(see(if cart.lines.is_empty() { "/cart" } else { "/cart?said=changed" }));
    }
    let quote = quote_of(&visit, &view, &cart)?;
    let form = first_form(&visit, &view, &asked.address)?;
    let capped = asked.said == "capped";
    let drawn = Drawn { form: &form, key: &cart.key, quote: Some(&quote), capped };
    Ok(page(checkout_page::draw(&visit, &view, &drawn, None)?))
}

fn quote_of(visit: &Visit, view: &View<'_>, cart: &cart::Cart) -> Decided<Quote> {
    place::quote(view, &cart.goods(), visit.shop.settings().delivery_price)
}

/// What stands in the form before anything was typed: the default address, the first way to pay.
fn first_form(visit: &Visit, view: &View<'_>, address: &str) -> Decided<Form> {
    let settings = visit.shop.settings();
    let saved = accounts::addresses(view, visit.subject()?)?;
    let preferred = saved.iter().find(|saved| saved.default).or(saved.first());
    let chosen = match preferred {
        Some(saved) if address != "new" => saved.id.to_string(),
        _ => "new".to_owned(),
    };
    let payment = payments::offered(&settings).first().map_or("", |method| method.id());
    let fields = [
        ("address", chosen.as_str()),
        ("country", &settings.country),
        ("delivery", Delivery::Flat.id()),
        ("payment", payment),
        ("invoice_kind", "none"),
    ];
    Ok(Form::parse(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().as_bytes()))
}

async fn take(visit: Visit, form: Form) -> Answer {
    let subject = visit.subject()?;
    let key = form.raw("key").to_owned();
    // A second click, a reload, another tab: the order is there already.
    if let Some(number) = placed_with(&visit.view()?, subject, &key)? {
        form.refuse_wrong()?;
        return Ok(see(&order_page(&number)));
    }
    closing::refuse_if_over(&visit.shop)?;
    let entered = read(&visit.view()?, subject, &form, &visit.shop.settings());
    let outcome = match entered {
        Err(stop) => Err(stop),
        Ok(entered) => {
            let terms = Terms::of(&visit.shop);
            visit.shop.store.commit(move |plan| check_out(plan, &terms, entered)).await
        }
    };
    match outcome {
        Ok(number) => {
            visit.shop.outbox_bell.notify_one();
            Ok(see(&format!("{}?said=placed", order_page(&number))))
        }
        Err(Stop::Refused(refusal)) if matches!(refusal.kind, Kind::Invalid | Kind::Conflict) => {
            draw_again(&visit, &form, &refusal.problems)
        }
        Err(stop) => Err(stop),
    }
}

fn order_page(number: &OrderNumber) -> String {
    format!("/account/orders/{number}")
}

/// The form again, with what was typed, today's cart and what is wrong.
fn draw_again(visit: &Visit, form: &Form, problems: &[Problem]) -> Answer {
    let view = visit.view()?;
    let cart = cart::of(&view, visit.subject()?)?;
    if cart.lines.is_empty() {
        return Ok(see("/cart?said=changed"));
    }
    let mut problems = problems.to_vec();
    let quote = match quote_of(visit, &view, &cart) {
        Ok(quote) => Some(quote),
        Err(Stop::Refused(refusal)) => {
            let new = refusal.problems.into_iter().filter(|problem| !problems.contains(problem));
            let new: Vec<Problem> = new.collect();
            problems.extend(new);
            None
        }
        Err(stop) => return Err(stop),
    };
    // The form that comes back shows today's cart, so a field at fault must not hide that it changed.
    let shown = form.raw("cart");
    let changed = quote.as_ref().is_some_and(|quote| quote.stamp() != shown);
    if changed && !problems.iter().any(|problem| problem.field.is_empty()) {
        problems.insert(0, Problem::new("", CHANGED));
    }
    let refusal = Refusal::invalid(problems);
    let drawn = Drawn { form, key: &cart.key, quote: quote.as_ref(), capped: false };
    let markup = checkout_page::draw(visit, &view, &drawn, Some(&refusal))?;
    Ok(refused(&refusal, markup))
}

/// Reads the form.
fn read(view: &View<'_>, subject: SubjectId, form: &Form, settings: &Settings) -> Decided<Checkout> {
    let mut problems = Vec::new();
    let address = read_address(view, subject, form, &mut problems)?;
    let delivery = Delivery::parse(&form.line("delivery", 20, &mut problems));
    if delivery.is_none() {
        problems.push(Problem::new("delivery", Text::new("Choose a delivery.", "请选择配送方式。")));
    }
    let payment = Method::parse(&form.line("payment", 20, &mut problems));
    let payment = payment.filter(|method| payments::offered(settings).contains(method));
    if payment.is_none() {
        problems.push(Problem::new("payment", Text::new("Choose how to pay.", "请选择付款方式。")));
    }
    let invoice = read_invoice(form, settings, &mut problems);
    let note = form.lines("note", 500, &mut problems);
    let (key, stamp) = (form.line("key", 100, &mut problems), form.line("cart", 100, &mut problems));
    let checkout = match (delivery, payment) {
        (Some(delivery), Some(payment)) => Some(Checkout {
            subject,
            address,
            save: form.ticked("save") && is_new(form),
            delivery,
            payment,
            invoice,
            note,
            key,
            stamp,
        }),
        _ => None,
    };
    Refusal::unless_empty(problems)?;
    Ok(checkout.ok_or_else(Refusal::not_found)?)
}

/// Whether a new address was chosen; it is where none was.
pub(super) fn is_new(form: &Form) -> bool {
    matches!(form.raw("address"), "" | "new")
}

fn read_address(
    view: &View<'_>,
    subject: SubjectId,
    form: &Form,
    problems: &mut Vec<Problem>,
) -> StoreResult<Address> {
    let chosen = form.line("address", 64, problems);
    if is_new(form) {
        return Ok(address::read(form, problems));
    }
    let id = AddressId::parse(&chosen);
    let saved = accounts::addresses(view, subject)?.into_iter().find(|saved| Some(saved.id) == id);
    match saved {
        Some(saved) => Ok(saved.address),
        None => {
            problems.push(Problem::new("address", Text::new("Choose an address.", "请选择收货地址。")));
            Ok(Address::default())
        }
    }
}

fn read_invoice(form: &Form, settings: &Settings, problems: &mut Vec<Problem>) -> Option<Invoice> {
    let kind = match form.line("invoice_kind", 20, problems).as_str() {
        "" | "none" => return None,
        "personal" => InvoiceKind::Personal,
        "company" => InvoiceKind::Company,
        _ => {
            problems.push(Problem::new("invoice_kind", Text::new("Choose an invoice.", "请选择发票类型。")));
            return None;
        }
    };
    let title = form.line("invoice_title", 100, problems);
    let tax_id = form.line("invoice_tax_id", 30, problems).replace(' ', "").to_uppercase();
    if kind == InvoiceKind::Personal {
        return Some(Invoice { kind, title, tax_id: String::new() });
    }
    let said = |problems: &[Problem], field: &str| problems.iter().any(|problem| problem.field == field);
    if title.is_empty() && !said(problems, "invoice_title") {
        let text = Text::new("Enter the full name of the company.", "请填写单位全称。");
        problems.push(Problem::new("invoice_title", text));
    }
    if !is_tax_id(&tax_id, &settings.country) && !said(problems, "invoice_tax_id") {
        let text = if settings.country == "CN" {
            Text::new(
                "Enter the tax number: 15 to 20 letters and digits.",
                "请填写纳税人识别号（15–20 位字母或数字）。",
            )
        } else {
            Text::new(
                "Enter the tax number in letters, digits and hyphens.",
                "税号只能包含字母、数字和连字符。",
            )
        };
        problems.push(Problem::new("invoice_tax_id", text));
    }
    Some(Invoice { kind, title, tax_id })
}

/// In China a company has a number of 15 to 20 letters and digits; elsewhere it may have none.
fn is_tax_id(text: &str, country: &str) -> bool {
    if country == "CN" {
        return (15..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    }
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text.as_bytes())
    }

    fn settings(country: &str) -> Settings {
        let config = crate::config::Config::defaults(std::path::PathBuf::new());
        Settings { country: country.to_owned(), ..Settings::first(&config) }
    }

    #[test]
    fn a_company_in_china_needs_a_title_and_its_tax_number() {
        let mut problems = Vec::new();
        read_invoice(&form("invoice_kind=company&invoice_tax_id=123"), &settings("CN"), &mut problems);
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["invoice_title", "invoice_tax_id"]);
        let mut problems = Vec::new();
        let sound = form("invoice_kind=company&invoice_title=Tea+Ltd&invoice_tax_id=91310000ma1fl0l0xx");
        let invoice = read_invoice(&sound, &settings("CN"), &mut problems);
        assert_eq!(problems, []);
        assert_eq!(invoice.map(|invoice| invoice.tax_id).as_deref(), Some("91310000MA1FL0L0XX"));
    }

    #[test]
    fn elsewhere_the_tax_number_may_be_left_out_and_a_person_has_none() {
        let mut problems = Vec::new();
        read_invoice(&form("invoice_kind=company&invoice_title=Tea+Ltd"), &settings("DE"), &mut problems);
        let personal = form("invoice_kind=personal&invoice_tax_id=91310000MA1FL0L0XX");
        let personal = read_invoice(&personal, &settings("CN"), &mut problems);
        assert_eq!(problems, []);
        assert_eq!(personal.map(|invoice| invoice.tax_id).as_deref(), Some(""));
        assert_eq!(read_invoice(&form("invoice_kind=none"), &settings("CN"), &mut problems), None);
    }
}
