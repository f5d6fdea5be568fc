//! The first page of the back office: today's numbers, what is to be done, and what the owner should
//! see to.

use jiff::Unit;
use maud::{Markup, html};

use super::{alerts, has_factor, list};
use crate::clock::Timestamp;
use crate::front::{self, Page};
use crate::locale::Locale;
use crate::orders::{self, AdminSummary};
use crate::requests;
use crate::sessions::StaffSeat;
use crate::shop::Shop;
use crate::store::{StoreResult, View};
use crate::support;
use crate::t;
use crate::web::ui::{self, Tone};
use crate::web::{Answer, Route, Visit, Who, get, page};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/admin", Who::Staff, show)]
}

async fn show(visit: Visit) -> Answer {
    let l = visit.locale;
    let member = visit.clerk()?;
    let view = visit.view()?;
    let since = start_of_day(visit.shop.clock.now(), &visit.shop);
    let summary = orders::admin_summary(&view, since, visit.shop.settings().currency)?;
    let title = t!(l, "Today", "今日");
    let main = html! {
        (ui::heading(&title, html! {}))
        @for warning in warnings(&visit, &view, &member)? { (ui::notice(Tone::Warn, warning)) }
        (numbers(l, &summary))
        (to_do(l, &summary))
        (personal_data(&visit, &view, member.owner)?)
    };
    Ok(page(front::admin_page(&visit, &Page { title: &title, ..Page::default() }, "/admin", main)?))
}

fn start_of_day(now: Timestamp, shop: &Shop) -> Timestamp {
    let here = now.instant().to_zoned_datetime(shop.zone().clone());
    // A zone without that midnight begins its day with the first moment that exists.
    let start = here.start_of_day().or_else(|_| here.round(Unit::Hour)).unwrap_or(here);
    Timestamp::from_millis(start.timestamp().as_millisecond())
}

fn numbers(l: Locale, summary: &AdminSummary) -> Markup {
    ui::facts(&[
        (t!(l, "Orders placed today", "今日订单"), html! { (summary.placed) }),
        (t!(l, "Their sum", "今日金额"), ui::price(&summary.sum.text(l))),
    ])
}

/// How many requests about personal data and conversations wait, how many are late and, for owners, how many
/// alerts wait.
fn personal_data(visit: &Visit, view: &View<'_>, is_owner: bool) -> StoreResult<Markup> {
    let l = visit.locale;
    let (open, late) = requests::counts(view, visit.shop.clock.now())?;
    let [open, late] = [open, late].map(|count| up_to(count, requests::MOST_COUNTED));
    let says = t!(l, "{open} open, {late} overdue", "处理中 {open} 件，已逾期 {late} 件");
    let support::Counts { waiting, late, leaks } = support::counts(view, visit.shop.clock.now())?;
    let are_leaks = leaks > 0;
    let [waiting, late, leaks] = [waiting, late, leaks].map(|count| up_to(count, support::MOST_COUNTED));
    let mut waits = t!(l, "{waiting} waiting, {late} overdue", "待答复 {waiting} 个，已逾期 {late} 个");
    if are_leaks {
        waits = t!(l, "{waits}, {leaks} about a leak", "{waits}，其中泄露报告 {leaks} 个");
    }
    let mut tiles = vec![
        ("/admin/conversations", t!(l, "Conversations", "客服会话"), waits),
        ("/admin/requests", t!(l, "Requests about personal data", "个人信息权利请求"), says),
    ];
    if is_owner {
        let open = up_to(alerts::open_count(view)?, alerts::MOST_COUNTED);
        let says = t!(l, "{open} to be answered", "待处理 {open} 条");
        tiles.push(("/admin/alerts", t!(l, "Alerts about looks", "异常查看提醒"), says));
    }
    Ok(ui::tiles(&tiles))
}

/// A count that goes no further than `most`.
fn up_to(count: usize, most: usize) -> String {
    if count < most { count.to_string() } else { format!("{most}+") }
}

fn to_do(l: Locale, summary: &AdminSummary) -> Markup {
    let waiting = |count: u64| match count {
        0 => t!(l, "Nothing waits", "暂无"),
        1 => t!(l, "1 order", "1 个订单"),
        count => t!(l, "{count} orders", "{count} 个订单"),
    };
    ui::section(
        &t!(l, "What to do next", "待办事项"),
        ui::tiles(&[
            ("/admin/orders?state=to-ship", t!(l, "To ship", "待发货"), waiting(summary.to_ship)),
            ("/admin/orders?state=payment-due", t!(l, "Payment due", "待付款"), waiting(summary.payment_due)),
            ("/admin/orders?state=refund-due", t!(l, "Refund due", "待退款"), waiting(summary.refund_due)),
        ]),
    )
}

/// What should be seen to: by everybody about their own account, by the owner about the shop.
fn warnings(visit: &Visit, view: &View<'_>, member: &StaffSeat) -> StoreResult<Vec<Markup>> {
    let l = visit.locale;
    let mut found = Vec::new();
    if !has_factor(view, member.id)? {
        found.push(leading(
            t!(
                l,
                "Your account has no second factor: a stolen password is enough to get in.",
                "您的账号未开启两步验证，密码泄露后他人即可登录。"
            ),
            "/admin/security/second",
            t!(l, "Set up the second factor", "设置两步验证"),
        ));
    }
    if member.owner {
        found.extend(shop_warnings(visit, view)?);
    }
    Ok(found)
}

/// A warning, and where to see to it.
fn leading(says: String, to: &str, label: String) -> Markup {
    html! {
        p { (says) }
        p { a href=(to) { (label) } }
    }
}

/// What is not deleted before the owner has said so.
fn held_deletions(visit: &Visit, view: &View<'_>) -> StoreResult<Vec<Markup>> {
    let l = visit.locale;
    let mut found = Vec::new();
    if let Some(jump) = visit.shop.clock.jump() {
        let (says, good) = (jump.says.minute(visit.shop.zone()), jump.good.minute(visit.shop.zone()));
        found.push(leading(t!(
                l,
                "The clock jumped: it says {says}, and {good} was expected. Nothing is deleted until you confirm it.",
                "时钟发生跳变：当前显示 {says}，预期为 {good}。在您确认之前不会删除任何数据。"
            ), "/admin/retention", t!(l, "Look at it", "前往处理")));
    }
    for (_, held) in view.held_runs()? {
        let wanted = held.wanted;
        found.push(leading(
            t!(
                l,
                "More records than could be foreseen were to be deleted: {wanted}. They wait for your word.",
                "待删除的记录超出预期：{wanted} 条，正在等待您的确认。"
            ),
            "/admin/retention",
            t!(l, "Look at it", "前往处理"),
        ));
    }
    Ok(found)
}

fn shop_warnings(visit: &Visit, view: &View<'_>) -> StoreResult<Vec<Markup>> {
    let (l, shop) = (visit.locale, &visit.shop);
    let mut found = held_deletions(visit, view)?;
    if !shop.sells() {
        found.push(html! { p { (t!(
            l,
            "Another line of this shop, restored or recovered since, writes to its backup places. This one takes no orders any more.",
            "本店的另一副本（恢复或找回后）正在写入备份位置，此副本已停止接单。"
        )) } });
    }
    if shop.is_suspected() {
        found.push(html! {
            p { (t!(
                l,
                "A backup place is ahead of this data dir: it was put back from an older copy, or the shop runs twice. Nothing is written there.",
                "备份位置比此数据目录更新：数据目录可能是旧副本，或店铺同时运行了两份。已停止向该位置写入。"
            )) }
            p { code { "tuckshop keys recover --identity FILE" } }
        });
    }
    if let Some(closes) = shop.closes().filter(|closes| closes.finished.is_none()) {
        let day = closes.day.day(shop.zone());
        found.push(leading(
            t!(
                l,
                "The business closes on {day}, and all data about people is erased then.",
                "店铺将于 {day} 停业，届时删除全部个人信息。"
            ),
            "/admin/closing",
            t!(l, "How it stands, and how to call it off", "查看进度或撤回"),
        ));
    }
    if crate::policy::has_draft(view)? {
        found.push(leading(t!(
                l,
                "Settings or configuration say something else than the published privacy policy. There is a draft; until its version is in force the shop goes by what is published.",
                "店铺设置或配置与已公布的隐私政策不一致，已生成草案。新版本生效前，店铺仍按已公布的政策执行。"
            ), "/admin/policy", t!(l, "Read and announce it", "查看并公布")));
    }
    if let Some(given) = crate::backup::stale_given_copy(shop)? {
        let day = given.day(shop.zone());
        found.push(html! {
            p { (t!(
                l,
                "The keyring copy that you keep elsewhere is of {day}. Whoever was erased since is readable with it until you replace it.",
                "您另行保管的密钥副本制作于 {day}。在更换之前，此后已删除的信息仍可通过它读取。"
            )) }
            p { code { "tuckshop backup keyring --to FILE" } }
        });
    }
    if crate::backup::question(shop).ok().flatten().is_some() {
        found.push(leading(
            t!(
                l,
                "This shop was restored from a backup and waits for your word that it goes on.",
                "本店由备份恢复而来，正在等待您确认继续经营。"
            ),
            "/admin/backups",
            t!(l, "Backups", "备份"),
        ));
    }
    let away = crate::backup::overdue(shop)?.into_iter().filter(|place| place.name != crate::backup::LOCAL);
    for place in away.filter(|_| crate::backup::has_recipients(shop)) {
        let name = place.name;
        found.push(html! { p { (t!(
            l,
            "The keyring copy at this place is overdue: {name}. It is tried again by itself.",
            "该位置的密钥副本尚未更新：{name}。系统会自动重试。"
        )) } });
    }
    if let Some(late) = crate::backup::late(shop).ok().flatten().filter(|late| late.had_time) {
        let day = late.due.minute(shop.zone());
        found.push(leading(
            t!(
                l,
                "A backup was due on {day} and was not made. It is tried again by itself; the log says why.",
                "应于 {day} 完成的备份未能完成。系统会自动重试，原因见日志。"
            ),
            "/admin/backups",
            t!(l, "Backups", "备份"),
        ));
    }
    if !shop.demo && crate::backup::rehearsal_is_due(shop).unwrap_or(false) {
        found.push(leading(
            t!(l, "It is time to rehearse a restore.", "该演练一次备份恢复了。"),
            "/admin/backups",
            t!(l, "Backups", "备份"),
        ));
    }
    if !crate::backup::has_recipients(shop) {
        found.push(leading(
            t!(
                l,
                "There are no backups: no key is known that could open one.",
                "尚无备份：没有可用于解密备份的密钥。"
            ),
            "/admin/backups",
            t!(l, "Backups", "备份"),
        ));
    }
    if !shop.demo && crate::master::lies_beside(&shop.dir) {
        found.push(html! { p { (t!(
            l,
            "The master key lies beside the data: whoever copies the folder can read everything. Put it elsewhere (store.master_key_file).",
            "主密钥与数据存放在一起：复制该文件夹的人可以读取全部数据。请将密钥移至别处（store.master_key_file）。"
        )) } });
    }
    if !shop.demo && shop.config().email.is_none() && shop.config().sms.is_none() {
        found.push(html! { p { (t!(
            l,
            "Neither email nor SMS is set up: nobody can register, and no messages about orders are sent.",
            "邮件和短信均未配置：顾客无法注册，也无法发送订单通知。"
        )) } });
    }
    if !shop.demo && !shop.is_https() {
        found.push(html! { p { (t!(
            l,
            "The shop is served over plain http: passwords, cookies and addresses can be read on the way. Set site.url to an https address.",
            "店铺通过未加密的 http 提供服务：密码、Cookie 和地址可能被截获。请将 site.url 设为 https 地址。"
        )) } });
    }
    let waiting = list(view)?.iter().filter(|other| !other.active).count();
    if waiting > 0 {
        found.push(leading(
            t!(
                l,
                "Members of staff who wait to be admitted after the restore: {waiting}.",
                "恢复备份后等待重新启用的员工：{waiting} 人。"
            ),
            "/admin/staff",
            t!(l, "Staff", "员工"),
        ));
    }
    Ok(found)
}
