//! `/cookies`: every cookie of the shop with its purpose and life, from the one list of them (CK-01).

use maud::{Markup, html};

use crate::front::{self, Page};
use crate::t;
use crate::web::cookies::COOKIES;
use crate::web::ui::{self, Column};
use crate::web::{Answer, Route, Visit, Who, get, page};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/cookies", Who::Anyone, show)]
}

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let https = visit.shop.is_https();
    let title = t!(l, "Cookies", "Cookie 说明");
    let columns = [
        Column::text(t!(l, "Name", "名称")),
        Column::text(t!(l, "What it is for", "用途")),
        Column::text(t!(l, "How long it stays", "保存时间")),
    ];
    let rows: Vec<Vec<Markup>> = COOKIES
        .iter()
        .map(|facts| {
            vec![
                html! { code { (facts.cookie.sent_name(https)) } },
                html! { (facts.purpose.get(l)) },
                html! { (facts.life.get(l)) },
            ]
        })
        .collect();
    let main = html! {
        (ui::heading(&title, html! {}))
        p { (t!(
            l,
            "This shop sets only the cookies that it needs to work. Each comes from this shop, is read by this shop alone, and is set when you use what it is for.",
            "本店只使用正常运行所必需的 Cookie。它们均由本店设置、仅由本店读取，并且只在您使用相应功能时设置。"
        )) }
        (ui::table(&t!(l, "Cookies of this shop", "本店使用的 Cookie"), &columns, &rows))
        p { (t!(
            l,
            "There are no others: none for advertising, none for statistics, none of other companies. So there is no cookie to choose here. What your account may keep with your consent stands under Privacy in your account.",
            "除此之外没有任何其他 Cookie：没有广告 Cookie，没有统计 Cookie，也没有第三方 Cookie，因此这里没有需要您选择的 Cookie。经您同意才保存的信息，请在个人中心的“隐私设置”中管理。"
        )) }
        p { (t!(
            l,
            "You can delete cookies or refuse them in your browser. Without them you can look around, but neither sign in nor keep a cart.",
            "您可以在浏览器中删除或拒绝 Cookie。没有 Cookie 时仍可浏览商品，但无法登录或使用购物车。"
        )) }
    };
    Ok(page(front::shop_page(&visit, &Page { title: &title, ..Page::default() }, main)?))
}
