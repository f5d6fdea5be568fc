//! Gathers what the shop keeps of a person from every room that keeps something and shows it to them.

use super::section::{Entry, Fact, Section, Value, name_of, of_address};
use crate::accounts::{self, Account};
use crate::catalogue;
use crate::consent::{self, Asked, Standing};
use crate::history;
use crate::locale::{Locale, Text};
use crate::orders::{self, Actor, Order, OrderItem};
use crate::requests;
use crate::sessions::{self, Holder};
use crate::sharing;
use crate::shop::Shop;
use crate::staff::access_log;
use crate::store::{Stop, StoreResult, View};
use crate::support;

/// Everything, in the order in which it is read.
///
/// # Errors
/// If the store could not be read.
pub fn all(shop: &Shop, view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Vec<Section>> {
    Ok(vec![
        account_section(view, account)?,
        addresses(view, account, l)?,
        orders(view, account, l)?,
        consents(view, account, l)?,
        receipts(view, account)?,
        searches(view, account)?,
        browsing(shop, view, account, l)?,
        devices(view, account, l)?,
        sign_ins(shop, view, account)?,
        shared(view, account, l)?,
        looks(view, account, l)?,
        requests_section(view, account, l)?,
        conversations(view, account, l)?,
    ])
}

fn many(id: &'static str, title: Text, entries: Vec<Entry>) -> Section {
    Section { id, title, is_single: false, entries }
}

const WHEN: Text = Text::new("When", "时间");
const STATE: Text = Text::new("State", "状态");
const ORDER: Text = Text::new("Order", "订单号");
const PURPOSE: Text = Text::new("Purpose", "用途");

fn account_section(view: &View<'_>, account: &Account) -> StoreResult<Section> {
    let second = accounts::has_second_factor(view, account.subject)?;
    let entry = vec![
        Fact::new("name", Text::new("Account name", "账号名"), account.name.clone()),
        Fact::new("nickname", Text::new("Nickname", "昵称"), account.nickname.clone()),
        Fact::new("email", Text::new("Email", "邮箱"), account.email.clone().unwrap_or_default()),
        Fact::new("mobile", Text::new("Mobile number", "手机号"), account.mobile.clone().unwrap_or_default()),
        Fact::new("language", Text::new("Language", "语言"), account.language.tag()),
        Fact::new("registered", Text::new("Registered", "注册时间"), account.created),
        Fact::new("agreed", Text::new("Agreed to the terms", "同意条款的时间"), account.agreed),
        Fact::new("second_factor", Text::new("Second factor at sign-in", "登录二次验证"), second),
        Fact::new(
            "legal_hold",
            Text::new("Kept because of a legal hold", "因法律事由被保留"),
            accounts::is_under_hold(view, account.subject)?,
        ),
    ];
    Ok(Section {
        id: "account", title: Text::new("Account", "账号"), is_single: true, entries: vec![entry]
    })
}

fn addresses(view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let entry = |saved: accounts::SavedAddress| {
        let mut entry = of_address(&saved.address, l);
        entry.push(Fact::new("default", Text::new("Used next time", "默认地址"), saved.default));
        entry
    };
    let entries = accounts::addresses(view, account.subject)?.into_iter().map(entry).collect();
    Ok(many("addresses", Text::new("Saved addresses", "收货地址"), entries))
}

/// Orders that were taken off the list are kept for the law alone, and stay out (RGT-05).
fn orders(view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let mut entries = Vec::new();
    for listed in orders::orders_of(view, account.subject)? {
        match orders::find_of(view, account.subject, &listed.number) {
            Ok(order) => entries.push(order_entry(view, &order, l)?),
            Err(Stop::Refused(_)) => {}
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    Ok(many("orders", Text::new("Orders", "订单"), entries))
}

fn order_entry(view: &View<'_>, order: &Order, l: Locale) -> StoreResult<Entry> {
    let row = &order.row;
    let bill = &row.bill;
    let mut entry = vec![
        Fact::new("number", ORDER, order.number.0.clone()),
        Fact::new("placed", Text::new("Placed", "下单时间"), row.placed),
        Fact::choice("state", STATE, row.fulfilment, row.fulfilment.title().get(l)),
        Fact::new(
            "items",
            Text::new("Goods", "商品"),
            row.items.iter().map(|item| item_entry(item, l)).collect::<Vec<_>>(),
        ),
        Fact::choice(
            "delivery",
            Text::new("Delivery", "配送方式"),
            row.delivery.id(),
            row.delivery.title().get(l),
        ),
        Fact::new("delivery_price", Text::new("Delivery costs", "运费"), row.delivery_price),
        Fact::choice(
            "payment_method",
            Text::new("Payment method", "支付方式"),
            bill.method.id(),
            bill.method.title().get(l),
        ),
        Fact::choice(
            "payment_state",
            Text::new("Payment", "支付状态"),
            bill.state,
            bill.state.title().get(l),
        ),
        Fact::new("total", Text::new("Amount due", "应付金额"), bill.total),
        Fact::new("paid", Text::new("Paid", "已付"), bill.paid),
        Fact::new("refunded", Text::new("Refunded", "已退"), bill.refunded),
    ];
    if let Some(consignee) = &order.consignee {
        let parcel = |parcel: &orders::Parcel| {
            vec![
                Fact::new("at", WHEN, parcel.at),
                Fact::new("carrier", Text::new("Carrier", "承运商"), parcel.carrier.clone()),
                Fact::new("tracking", Text::new("Tracking number", "运单号"), parcel.tracking.clone()),
            ]
        };
        entry.extend([
            Fact::new("consignee", Text::new("Consignee", "收货人"), vec![of_address(&consignee.address, l)]),
            Fact::new("note", Text::new("Note for the delivery", "配送留言"), consignee.note.clone()),
            Fact::new(
                "parcels",
                Text::new("Parcels", "包裹"),
                consignee.parcels.iter().map(parcel).collect::<Vec<_>>(),
            ),
        ]);
    }
    let invoices: Vec<Entry> =
        orders::invoice_of(view, &order.number)?.iter().map(|i| invoice_entry(i, l)).collect();
    entry.push(Fact::new("invoices", Text::new("Invoice information", "发票信息"), invoices));
    entry.push(Fact::new("history", Text::new("History", "订单动态"), history_of(order, l)));
    Ok(entry)
}

fn item_entry(item: &OrderItem, l: Locale) -> Entry {
    vec![
        Fact::new("title", Text::new("Product", "商品"), item.title.get(l)),
        Fact::new("options", Text::new("Options", "规格"), item.options.get(l)),
        Fact::new("sku", Text::new("SKU", "货号"), item.sku.clone()),
        Fact::new("price", Text::new("Price", "单价"), item.price),
        Fact::new("quantity", Text::new("Quantity", "数量"), Value::Number(item.quantity.into())),
    ]
}

fn invoice_entry(invoice: &orders::Invoice, l: Locale) -> Entry {
    vec![
        Fact::choice("kind", Text::new("Kind", "类型"), invoice.kind.id(), invoice.kind.title().get(l)),
        Fact::new("title", Text::new("Title", "抬头"), invoice.title.clone()),
        Fact::new("tax_id", Text::new("Tax number", "税号"), invoice.tax_id.clone()),
    ]
}

fn history_of(order: &Order, l: Locale) -> Vec<Entry> {
    let entry = |event: &orders::Event| {
        let (who, words) = match event.who {
            Actor::Customer => ("you", l.pick("you", "您")),
            Actor::Staff(_) => ("staff", l.pick("the shop", "商家")),
            Actor::Shop => ("shop", l.pick("by itself", "系统自动")),
        };
        let what = orders::happening(l, event.what, order.row.bill.method);
        let mut entry = vec![
            Fact::new("at", WHEN, event.at),
            Fact::choice("what", Text::new("What", "内容"), event.what, what),
            Fact::choice("by", Text::new("By", "操作方"), who, words),
        ];
        entry.extend(event.amount.map(|amount| Fact::new("amount", Text::new("Amount", "金额"), amount)));
        entry
    };
    order.row.timeline.iter().map(entry).collect()
}

fn consents(view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let asked = Asked { subject: account.subject, refuses: false };
    let mut entries = Vec::new();
    for purpose in consent::PURPOSES {
        if let Standing::On { since } = consent::standing(view, asked, purpose)? {
            entries.push(vec![
                Fact::choice("purpose", PURPOSE, purpose.id(), purpose.facts().title.get(l)),
                Fact::new("since", Text::new("Since", "开启时间"), since),
            ]);
        }
    }
    Ok(many("consents", Text::new("Consents in force", "有效的同意"), entries))
}

fn receipts(view: &View<'_>, account: &Account) -> StoreResult<Section> {
    let entry = |(_, receipt): (_, consent::ReceiptRow)| {
        vec![
            Fact::new("at", WHEN, receipt.at),
            Fact::new("what", Text::new("For what", "事项"), receipt.what),
            Fact::new("given", Text::new("Given (or else taken back)", "同意（否则为撤回）"), receipt.given),
            Fact::new("receipt", Text::new("Receipt", "凭证"), receipt.code),
        ]
    };
    let entries = consent::receipts(view, account.subject)?.into_iter().map(entry).collect();
    Ok(many("receipts", Text::new("Consents given and taken back", "同意与撤回记录"), entries))
}

fn searches(view: &View<'_>, account: &Account) -> StoreResult<Section> {
    let entry = |(_, row): (_, history::SearchRow)| {
        vec![Fact::new("at", WHEN, row.at), Fact::new("phrase", Text::new("Phrase", "搜索词"), row.phrase)]
    };
    let entries = history::searches(view, account.subject)?.into_iter().map(entry).collect();
    Ok(many("searches", Text::new("Searches", "搜索记录"), entries))
}

fn browsing(shop: &Shop, view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let mut entries = Vec::new();
    for (_, row) in history::looks(view, account.subject)? {
        let (name, path) = catalogue::name_and_path(shop, row.product, l)?.unwrap_or_default();
        entries.push(vec![
            Fact::new("at", WHEN, row.at),
            Fact::new("product", Text::new("Product", "商品"), name),
            Fact::new("page", Text::new("Page", "页面"), path),
        ]);
    }
    Ok(many("browsing", Text::new("Products looked at", "浏览记录"), entries))
}

fn devices(view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let entry = |(_, row): (_, history::DeviceRow)| {
        vec![
            Fact::new("last", Text::new("Last seen", "最近使用"), row.last),
            Fact::choice("kind", Text::new("Kind", "类型"), row.kind.id(), row.kind.title().get(l)),
            Fact::new("system", Text::new("System", "系统"), row.system),
            Fact::new("browser", Text::new("Browser", "浏览器"), row.browser),
            Fact::new("language", Text::new("Language", "语言"), row.language.tag()),
        ]
    };
    let entries = history::devices(view, account.subject)?.into_iter().map(entry).collect();
    Ok(many("devices", Text::new("Devices", "设备记录"), entries))
}

fn sign_ins(shop: &Shop, view: &View<'_>, account: &Account) -> StoreResult<Section> {
    let entry = |session: sessions::Session| {
        vec![
            Fact::new("began", Text::new("Signed in", "登录时间"), session.began),
            Fact::new("used", Text::new("Last used", "最近活动"), session.used),
            Fact::new("device", Text::new("Device", "设备"), session.device),
        ]
    };
    let idle = shop.retention().session;
    let living = sessions::list(view, Holder::Customer(account.subject), idle, shop.clock.now())?;
    let title = Text::new("Where you are signed in", "登录中的设备");
    Ok(many("sign_ins", title, living.into_iter().map(entry).collect()))
}

fn shared(view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let entry = |row: sharing::SharedRow| {
        let fields =
            row.fields.iter().map(|field| (name_of(field), field.title().get(l).to_owned())).collect();
        vec![
            Fact::new("at", WHEN, row.at),
            Fact::new("with", Text::new("With whom", "接收方"), row.with.text(l)),
            Fact::new("fields", Text::new("What", "内容"), Value::Choices(fields)),
            Fact::choice("purpose", PURPOSE, row.purpose, row.purpose.title().get(l)),
            Fact::choice("ground", Text::new("Ground", "依据"), row.ground, row.ground.title().get(l)),
            Fact::new("reference", Text::new("Reference", "参考号"), row.reference),
        ]
    };
    let entries = sharing::of_subject(view, account.subject)?.into_iter().map(entry).collect();
    Ok(many("shared", Text::new("With whom it was shared", "共享记录"), entries))
}

fn looks(view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let entry = |look: access_log::Look| {
        let (name, words) = look.who();
        let order = look.details.order.map(|number| number.0).unwrap_or_default();
        vec![
            Fact::new("at", WHEN, look.entry.at),
            Fact::choice("who", Text::new("Who", "查看人"), name, words.get(l)),
            Fact::new("what", Text::new("What", "查看内容"), l.pick(look.entry.kind_en, look.entry.kind_zh)),
            Fact::new("why", Text::new("Why", "理由"), look.details.reason),
            Fact::new("order", ORDER, order),
        ]
    };
    let found = access_log::looks_at(view, account.subject, None, usize::MAX)?;
    Ok(many("looks", Text::new("Who looked", "查看记录"), found.into_iter().map(entry).collect()))
}

fn requests_section(view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let entry = |(number, row): (String, requests::RequestRow)| {
        let mut entry = vec![
            Fact::new("number", Text::new("Number", "编号"), number),
            Fact::choice("kind", Text::new("Kind", "类型"), row.kind.id(), row.kind.title().get(l)),
            Fact::new("details", Text::new("What you wrote", "您的说明"), row.details),
            Fact::new("received", Text::new("Received", "收到时间"), row.received),
            Fact::new("due", Text::new("Answer due", "答复期限"), row.due),
            Fact::choice("state", STATE, row.state.id(), row.state.title().get(l)),
            Fact::new("answer", Text::new("Answer", "答复"), row.answer),
        ];
        entry.extend(row.closed.map(|at| Fact::new("closed", Text::new("Closed", "办结时间"), at)));
        entry
    };
    let entries = requests::of_asker(view, account.subject)?.into_iter().map(entry).collect();
    Ok(many("requests", Text::new("Requests", "权利请求"), entries))
}

fn conversations(view: &View<'_>, account: &Account, l: Locale) -> StoreResult<Section> {
    let mut entries = Vec::new();
    for support::Own { id, row, .. } in support::of_account(view, account.subject, None, usize::MAX)? {
        let message = |message: support::MessageRow| {
            let (name, words) = match message.by {
                support::By::Person => ("you", l.pick("you", "您")),
                support::By::Staff(_) => ("staff", l.pick("the shop", "商家")),
            };
            vec![
                Fact::new("at", WHEN, message.at),
                Fact::choice("by", Text::new("By", "发送方"), name, words),
                Fact::new("text", Text::new("Message", "内容"), message.text),
            ]
        };
        let messages: Vec<Entry> = support::messages(view, id)?.into_iter().map(message).collect();
        let order = row.order.map(|number| number.0).unwrap_or_default();
        entries.push(vec![
            Fact::new("begun", Text::new("Begun", "开始时间"), row.begun),
            Fact::new("subject", Text::new("Subject", "主题"), row.title),
            Fact::new("order", ORDER, order),
            Fact::new("closed", Text::new("Closed", "是否已关闭"), row.closed.is_some()),
            Fact::new("messages", Text::new("Messages", "消息"), messages),
        ]);
    }
    Ok(many("conversations", Text::new("Conversations", "客服会话"), entries))
}
