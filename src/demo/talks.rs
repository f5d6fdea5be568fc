//! A few invented conversations, so that neither the customer's nor the staff's list is empty.

use super::DAY;
use super::history::Customers;
use crate::clock::Timestamp;
use crate::ids::{ConversationId, SubjectId};
use crate::locale::Locale;
use crate::shop::Shop;
use crate::store::{Decided, Plan};
use crate::support::{self, Beginning, Whose};
use crate::{orders, staff};

/// One question, and how far it came.
struct Talk {
    /// How many days ago it was asked.
    asked: i64,
    about_order: bool,
    title: [&'static str; 2],
    text: [&'static str; 2],
    /// After how many days it was answered, and what.
    answer: Option<(i64, [&'static str; 2])>,
    closed: bool,
}

const OWN: [Talk; 2] = [
    Talk {
        asked: 150,
        about_order: false,
        title: ["Dishwasher", "洗碗机"],
        text: ["May the stoneware go into the dishwasher?", "陶瓷餐具可以放洗碗机吗？"],
        answer: Some((1, ["It may, up to 65 °C.", "可以，温度不超过 65 °C。"])),
        closed: true,
    },
    Talk {
        asked: 6,
        about_order: true,
        title: ["Gift wrapping", "礼品包装"],
        text: [
            "It is a present. Can you leave the invoice out of the parcel?",
            "这是礼物，包裹里可以不放发票吗？",
        ],
        answer: Some((
            2,
            ["Gladly. There is no paper with a price in it.", "没问题，包裹内不会有价格单据。"],
        )),
        closed: false,
    },
];

const OTHERS: [Talk; 2] = [
    Talk {
        // Due later than in two days: a fresh demo reminds nobody.
        asked: 5,
        about_order: false,
        title: ["Back in stock", "到货时间"],
        text: ["When will the small teapot be back in stock?", "小茶壶什么时候到货？"],
        answer: None,
        closed: false,
    },
    Talk {
        asked: 2,
        about_order: true,
        title: ["Where is my parcel", "包裹在哪里"],
        text: [
            "The tracking has not moved for two days. Could you have a look?",
            "物流两天没有更新了，麻烦查一下。",
        ],
        answer: None,
        closed: false,
    },
];

/// Writes the conversations, each step at its moment before `now`.
///
/// # Errors
/// If the store could not be written.
pub fn write(shop: &Shop, now: Timestamp, customers: &Customers) -> Decided<()> {
    for talk in OWN {
        write_one(shop, now, customers.shopper, Locale::En, talk)?;
    }
    for (talk, (subject, person)) in OTHERS.into_iter().zip(&customers.others) {
        write_one(shop, now, *subject, person.language, talk)?;
    }
    Ok(())
}

fn write_one(shop: &Shop, now: Timestamp, subject: SubjectId, language: Locale, talk: Talk) -> Decided<()> {
    let (random, zone) = (shop.random.clone(), shop.zone().clone());
    shop.store.commit_blocking(move |plan: &mut Plan<'_>| {
        let say = |texts: [&'static str; 2]| language.pick(texts[0], texts[1]).to_owned();
        plan.now = now.plus_seconds(-talk.asked * DAY);
        let latest = orders::orders_of(plan, subject)?.into_iter().next();
        let new = Beginning {
            id: ConversationId::new(plan.now, &*random),
            whose: Whose::Account(subject),
            title: say(talk.title),
            text: say(talk.text),
            order: latest.filter(|_| talk.about_order).map(|order| order.number),
            language,
            leak: false,
        };
        let id = support::begin(plan, new, &zone)?;
        let clerk = staff::list(plan)?.into_iter().next();
        if let (Some((after, text)), Some(clerk)) = (talk.answer, clerk) {
            plan.now = plan.now.plus_seconds(after * DAY);
            let row = support::answer(plan, id, clerk.id, 1, say(text))?;
            if talk.closed {
                plan.now = plan.now.plus_seconds(DAY);
                support::close(plan, id, row.messages)?;
            }
        }
        Ok(())
    })
}
