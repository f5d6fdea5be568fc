//! `/cookies`: every cookie of the shop with its purpose and life, from the one list of them (CK-01, CK-02);
//! one switch for each optional purpose; and the button that clears them (CK-03).

use maud::{Markup, html};

use super::pages::{choose, switches};
use super::{Asked, PURPOSES};
use crate::front::{self, Page};
use crate::locale::Text;
use crate::pages::cookie_table;
use crate::refusal::Stop;
use crate::sessions;
use crate::t;
use crate::web::ui::{self, Field};
use crate::web::{Answer, Checked, Cookie, Route, Visit, Who, get, page, post, see, without_cookie};

const PAGE: &str = "/cookies";

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(PAGE, Who::Anyone, show),
        post(PAGE, Who::Anyone, "consents of the customer", save),
        post("/cookies/clear", Who::Anyone, "ends the session and clears the cookies of the browser", clear),
    ]
}

const SAID: [(&str, Text); 2] = [
    ("saved", Text::new("Saved.", "已保存。")),
    (
        "cleared",
        Text::new(
            "The cookies of this shop are cleared, and you are signed out.",
            "本店 Cookie 已清除，您已退出登录。",
        ),
    ),
];

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let title = t!(l, "Cookies", "Cookie 说明");
    let main = html! {
        (ui::heading(&title, html! {}))
        (front::said(&visit, &SAID))
        p { (t!(
            l,
            "This shop sets only the cookies that it needs to work. Each comes from this shop, is read by this shop alone, and is set when you use what it is for.",
            "本店只使用正常运行所必需的 Cookie。它们均由本店设置、仅由本店读取，并且只在您使用相应功能时设置。"
        )) }
        (cookie_table(visit.shop.is_https(), l))
        p { (t!(
            l,
            "There are no others: none for advertising, none for statistics, none of other companies.",
            "除此之外没有任何其他 Cookie：没有广告 Cookie，没有统计 Cookie，也没有第三方 Cookie。"
        )) }
        (ui::section(&t!(l, "What else may be kept", "其他可选用途"), choices(&visit)?))
        (ui::section(&t!(l, "Clear them", "清除 Cookie"), html! {
            p { (t!(
                l,
                "You can delete cookies or refuse them in your browser, or clear those of this shop here. Without them you can look around, but neither sign in nor keep a cart.",
                "您可以在浏览器中删除或拒绝 Cookie，也可在此清除本店 Cookie。没有 Cookie 时仍可浏览商品，但无法登录或使用购物车。"
            )) }
            (ui::button_form("/cookies/clear", ui::secondary_button(&t!(l, "Clear the cookies of this shop", "清除本店 Cookie"))))
        }))
    };
    Ok(page(front::shop_page(&visit, &Page { title: &title, ..Page::default() }, main)?))
}

/// The switches: a visitor's are off, since each of these purposes keeps things with an account.
fn choices(visit: &Visit) -> Result<Markup, Stop> {
    let l = visit.locale;
    if visit.customer.is_some() {
        return Ok(switches(visit, &visit.view()?, Asked::of(visit)?, PAGE)?);
    }
    let boxes = PURPOSES.map(|purpose| Field::checkbox(purpose.id(), purpose.facts().says.get(l)).render());
    Ok(html! {
        p { (t!(l, "Off until you tick it. These are kept with an account, so saving a tick asks you to sign in first; without one nothing of it is kept.",
            "勾选后才启用。以下内容随账号保存，保存勾选前需先登录；没有账号则不会保存任何相关内容。")) }
        (ui::form(PAGE, html! {
            @for field in &boxes { (field) }
            (ui::primary_button(&t!(l, "Save my choices", "保存选择")))
        }))
    })
}

async fn save(visit: Visit, Checked(form): Checked) -> Answer {
    if visit.customer.is_some() {
        choose(&visit, &form, PAGE).await?;
        return Ok(see("/cookies?said=saved"));
    }
    let wants_any = PURPOSES.iter().any(|purpose| form.ticked(purpose.id()));
    // Nothing is kept of a visitor: that everything is off needs no note.
    Ok(see(if wants_any { "/login?back=/cookies" } else { "/cookies?said=saved" }))
}

async fn clear(visit: Visit) -> Answer {
    if let Some(session) = &visit.customer {
        let hash = session.hash;
        visit.shop.store.commit(move |plan| Ok(sessions::end(plan, hash)?)).await?;
    }
    // Whoever works in the back office stays signed in there: this is the shop's page.
    let own = Cookie::ALL.into_iter().filter(|cookie| *cookie != Cookie::Staff);
    Ok(own.fold(see("/cookies?said=cleared"), |answer, cookie| without_cookie(answer, &visit.shop, cookie)))
}
