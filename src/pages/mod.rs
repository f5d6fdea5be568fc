//! The information pages: terms, delivery, returns, contact, privacy. Their texts are ours, in both
//! languages, in `assets/texts`; the facts in them come from the settings, the configuration and
//! the register of data classes.

mod facts;
#[cfg(test)]
mod policy_tests;
mod registers;
mod text;

use maud::{Markup, html};

pub use facts::{cookie_table, how_long};

use crate::front::{self, Page};
use crate::locale::{Locale, Text};
use crate::room::Room;
use crate::settings::Settings;
use crate::shop::Shop;
use crate::t;
use crate::web::ui;
use crate::web::{Answer, Route, Visit, Who, get, reply};
use facts::Facts;

/// A page that informs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InfoPage {
    Terms,
    Delivery,
    Returns,
    Contact,
    Privacy,
}

impl InfoPage {
    pub const ALL: [Self; 5] = [Self::Terms, Self::Delivery, Self::Returns, Self::Contact, Self::Privacy];

    pub const fn path(self) -> &'static str {
        match self {
            Self::Terms => "/terms",
            Self::Delivery => "/delivery",
            Self::Returns => "/returns",
            Self::Contact => "/contact",
            Self::Privacy => "/privacy",
        }
    }

    const fn title(self) -> Text {
        match self {
            Self::Terms => Text::new("Terms of sale", "服务条款"),
            Self::Delivery => Text::new("Delivery", "配送说明"),
            Self::Returns => Text::new("Returns and repairs", "退换货与售后"),
            Self::Contact => Text::new("Contact", "联系我们"),
            Self::Privacy => Text::new("Privacy", "隐私政策"),
        }
    }

    /// For search engines.
    const fn description(self) -> Text {
        match self {
            Self::Terms => Text::new(
                "How an order is made, paid and cancelled in this shop, and what the law gives you.",
                "本店下单、付款、取消订单的规则，以及您依法享有的权利。",
            ),
            Self::Delivery => Text::new(
                "What delivery costs, where and how fast we deliver, and what to do when the parcel arrives.",
                "运费、配送范围与时效，以及收到包裹时的注意事项。",
            ),
            Self::Returns => Text::new(
                "Returning goods without a reason, faulty goods, refunds, repairs and invoices.",
                "无理由退货、质量问题、退款、维修与发票说明。",
            ),
            Self::Contact => {
                Text::new("Who runs this shop and how to reach us.", "本店的经营者信息与联系方式。")
            }
            Self::Privacy => Text::new(
                "Which personal information this shop handles, what for, how long, and what you can do about it.",
                "本店处理哪些个人信息、用于什么目的、保存多久，以及您的权利。",
            ),
        }
    }

    const fn markdown(self, l: Locale) -> &'static str {
        match (self, l) {
            (Self::Terms, Locale::En) => include_str!("../../assets/texts/en/terms.md"),
            (Self::Terms, Locale::Zh) => include_str!("../../assets/texts/zh/terms.md"),
            (Self::Delivery, Locale::En) => include_str!("../../assets/texts/en/delivery.md"),
            (Self::Delivery, Locale::Zh) => include_str!("../../assets/texts/zh/delivery.md"),
            (Self::Returns, Locale::En) => include_str!("../../assets/texts/en/returns.md"),
            (Self::Returns, Locale::Zh) => include_str!("../../assets/texts/zh/returns.md"),
            (Self::Contact, Locale::En) => include_str!("../../assets/texts/en/contact.md"),
            (Self::Contact, Locale::Zh) => include_str!("../../assets/texts/zh/contact.md"),
            (Self::Privacy, Locale::En) => include_str!("../../assets/texts/en/privacy.md"),
            (Self::Privacy, Locale::Zh) => include_str!("../../assets/texts/zh/privacy.md"),
        }
    }
}

/// This room, as the house knows it.
pub static ROOM: Room = Room { routes, ..Room::named("pages") };

/// The routes of this room.
fn routes() -> Vec<Route> {
    vec![
        get("/terms", Who::Anyone, |visit: Visit| async move { show(&visit, InfoPage::Terms) }),
        get("/delivery", Who::Anyone, |visit: Visit| async move { show(&visit, InfoPage::Delivery) }),
        get("/returns", Who::Anyone, |visit: Visit| async move { show(&visit, InfoPage::Returns) }),
        get("/contact", Who::Anyone, |visit: Visit| async move { show(&visit, InfoPage::Contact) }),
    ]
}

fn show(visit: &Visit, info: InfoPage) -> Answer {
    let l = visit.locale;
    let settings = visit.shop.settings();
    let retention = visit.shop.retention();
    let facts = Facts {
        settings: &settings,
        config: visit.shop.config(),
        retention: &retention,
        url: visit.shop.url(),
        register: visit.shop.store.register(),
        l,
    };
    let title = info.title().get(l);
    let main = html! {
        (ui::heading(title, html! {}))
        (ui::prose(text::render(info.markdown(l), |name| facts.value(name))))
    };
    let page = Page { title, description: Some(info.description().get(l)), ..Page::default() };
    Ok(reply::page(front::shop_page(visit, &page, main)?))
}

/// What stands of the privacy page for search engines.
pub const PRIVACY_DESCRIPTION: Text = InfoPage::Privacy.description();
pub const PRIVACY_TITLE: Text = InfoPage::Privacy.title();

/// The text of the privacy policy as it would be published now: with the periods that the configuration
/// wants, and what the merchant adds, paragraph by paragraph.
pub fn policy_text(shop: &Shop, settings: &Settings, l: Locale, added: &str, assessment: &str) -> Markup {
    let config = shop.config();
    let facts = Facts {
        settings,
        config,
        retention: &config.retention,
        url: shop.url(),
        register: shop.store.register(),
        l,
    };
    html! {
        (text::render(InfoPage::Privacy.markdown(l), |name| facts.value(name)))
        @if !assessment.trim().is_empty() {
            h2 id="assessment" { (t!(l, "Assessment of high risk", "高风险评估结果")) }
            (paragraphs(assessment))
        }
        @if !added.trim().is_empty() {
            h2 id="added" { (t!(l, "What this shop adds", "本店补充说明")) }
            (paragraphs(added))
        }
    }
}

fn paragraphs(text: &str) -> Markup {
    let all = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    html! { @for paragraph in all { p { (paragraph) } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Email};

    /// A configuration in which mail is sent.
    fn configured() -> Config {
        let smtp_url = "smtps://mail.provider.example:465".parse().expect("an address");
        let mut config = Config::defaults("/nowhere".into());
        config.email = Some(Email { smtp_url, password: None, from: "hello@shop.example".to_owned() });
        config
    }

    pub(super) fn rendered(info: InfoPage, l: Locale, settings: &Settings) -> String {
        rendered_with(info, l, settings, &configured())
    }

    fn rendered_with(info: InfoPage, l: Locale, settings: &Settings, config: &Config) -> String {
        let retention = &config.retention;
        let facts = Facts {
            settings,
            config,
            retention,
            url: "https://shop.example",
            register: crate::rooms::register(),
            l,
        };
        text::render(info.markdown(l), |name| facts.value(name)).into_string()
    }

    /// The policy of a shop that sends no mail.
    pub(super) fn without_mail(l: Locale) -> String {
        rendered_with(InfoPage::Privacy, l, &full(), &Config::defaults("/nowhere".into()))
    }

    /// The policy of a shop that announces its changes so long before.
    pub(super) fn with_notice(l: Locale, notice: &str, major: &str) -> String {
        let mut config = configured();
        config.policy.notice = notice.parse().expect("a period");
        config.policy.major_notice = major.parse().expect("a period");
        rendered_with(InfoPage::Privacy, l, &full(), &config)
    }

    fn empty() -> Settings {
        Settings::first(&Config::defaults("/nowhere".into()))
    }

    pub(super) fn full() -> Settings {
        Settings {
            company: "Kowloon <Trading> & Co *Ltd*".to_owned(),
            licence: "91310000MA1FL0000X".to_owned(),
            icp: "沪ICP备00000000号".to_owned(),
            address: "1 Example Road".to_owned(),
            email: "hello@shop.example".to_owned(),
            phones: vec!["021 0000 0000".to_owned(), "400 000 0000".to_owned()],
            officer: "Li Hua".to_owned(),
            ..empty()
        }
    }

    #[test]
    fn every_placeholder_of_every_text_is_known() {
        for info in InfoPage::ALL {
            for l in Locale::ALL {
                let page = rendered(info, l, &full());
                assert!(!page.contains("{{") && !page.contains('\u{e000}'), "{info:?} {l:?}");
                let config = configured();
                let facts = Facts {
                    settings: &full(),
                    config: &config,
                    retention: &config.retention,
                    url: "https://shop.example",
                    register: crate::rooms::register(),
                    l,
                };
                for name in text::placeholders(info.markdown(l)) {
                    let value = facts.value(name);
                    assert!(value.is_some_and(|value| !value.0.is_empty()), "{name} in {info:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_known_of_the_trader_is_left_out_with_its_line() {
        for l in Locale::ALL {
            let page = rendered(InfoPage::Contact, l, &empty());
            for label in
                ["Business licence", "营业执照", "Telephone", "客服电话", "Person responsible", "负责人："]
            {
                assert!(!page.contains(label), "{label} in {page}");
            }
            assert!(page.contains("https://shop.example"));
            let full = rendered(InfoPage::Contact, l, &full());
            assert!(full.contains("91310000MA1FL0000X") && full.contains("Li Hua"));
        }
    }

    #[test]
    fn values_are_text_and_never_markup() {
        for info in [InfoPage::Terms, InfoPage::Contact, InfoPage::Privacy] {
            let page = rendered(info, Locale::En, &full());
            assert!(page.contains("Kowloon &lt;Trading&gt; &amp; Co *Ltd*"), "{page}");
        }
    }

    #[test]
    fn the_privacy_page_says_how_long_each_class_is_kept() {
        let page = rendered(InfoPage::Privacy, Locale::En, &full());
        assert!(page.contains("3 years after completion; 6 months if it was cancelled"), "{page}");
        assert!(!page.contains("{order_contact}") && page.contains("Consent in force"));
        let page = rendered(InfoPage::Privacy, Locale::Zh, &full());
        assert!(page.contains("交易完成后 3 年") && page.contains("session"));
    }

    #[test]
    fn no_class_names_a_period_that_is_not_configured() {
        let config = Config::defaults("/nowhere".into());
        for facts in crate::classes::CLASSES {
            for l in Locale::ALL {
                let said = facts::how_long(facts, &config.retention, l);
                assert!(!said.contains('{'), "{said}");
            }
        }
    }
}
