//! The register of purposes (CNS-01): what data each uses, for how long, who receives it, on what ground.

use crate::classes::Class;
use crate::digest;
use crate::locale::Text;

/// A purpose that rests on consent: off until it is ticked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Purpose {
    SearchHistory = 1,
    BrowsingHistory = 2,
    DeviceRecognition = 3,
}

/// What the register says of one purpose. Period, recipients and ground are those of its class.
pub struct PurposeFacts {
    pub id: &'static str,
    /// Where its data lies.
    pub class: Class,
    pub title: Text,
    /// What is used and what for: of an optional purpose, the words that are agreed to.
    pub says: Text,
    /// What does not work without it.
    pub without: Text,
}

/// The purposes that rest on consent, in the order of their switches.
pub const PURPOSES: [Purpose; 3] =
    [Purpose::SearchHistory, Purpose::BrowsingHistory, Purpose::DeviceRecognition];

const FACTS: [PurposeFacts; 3] = [
    PurposeFacts {
        id: "search-history",
        class: Class::Searches,
        title: Text::new("Search history", "搜索记录"),
        says: Text::new(
            "Keep the phrases I search for while signed in, and offer them to me again.",
            "保存我登录后的搜索词，并在搜索时再次提供给我。",
        ),
        without: Text::new(
            "Search works the same, and remembers nothing.",
            "搜索功能照常使用，但不会记住搜索词。",
        ),
    },
    PurposeFacts {
        id: "browsing-history",
        class: Class::Browsing,
        title: Text::new("Browsing history", "浏览记录"),
        says: Text::new(
            "Keep which products I look at while signed in, and list them for me.",
            "保存我登录后浏览过的商品，并为我列出。",
        ),
        without: Text::new("There is no list of what you looked at.", "不会有浏览过的商品列表。"),
    },
    PurposeFacts {
        id: "device-recognition",
        class: Class::Devices,
        title: Text::new("Device list", "设备记录"),
        says: Text::new(
            "Keep the kind of device, system, browser and language that my account is used with, and list them for me.",
            "保存我使用账号的设备类型、系统、浏览器与语言，并为我列出。",
        ),
        without: Text::new("There is no list of your devices.", "不会有使用过的设备列表。"),
    },
];

impl Purpose {
    /// Stored, so never changed.
    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn facts(self) -> &'static PurposeFacts {
        match self {
            Self::SearchHistory => &FACTS[0],
            Self::BrowsingHistory => &FACTS[1],
            Self::DeviceRecognition => &FACTS[2],
        }
    }

    /// Its name in forms and in evidence.
    pub const fn id(self) -> &'static str {
        self.facts().id
    }

    /// The digest of the words that are agreed to, in both languages.
    pub fn text_digest(self) -> [u8; 32] {
        let says = self.facts().says;
        digest::of_parts(&[says.en.as_bytes(), says.zh.as_bytes()])
    }
}

/// The purposes that shopping needs (COL-12): no consent is asked for them, and each says what stops
/// without it (CNS-02).
pub const NECESSARY: [PurposeFacts; 7] = [
    PurposeFacts {
        id: "account",
        class: Class::Account,
        title: Text::new("Your account", "账号"),
        says: Text::new(
            "Account name, contact and settings, so that you can sign in and see your orders.",
            "账号名、联系方式与设置，用于登录并查看订单。",
        ),
        without: Text::new("No account, so no orders.", "无法注册账号和下单。"),
    },
    PurposeFacts {
        id: "identity-check",
        class: Class::Credential,
        title: Text::new("Identity check", "身份验证"),
        says: Text::new(
            "Password, codes and second factor, so that nobody else uses your account.",
            "密码、验证码与第二验证因素，防止他人使用您的账号。",
        ),
        without: Text::new("No signing in.", "无法登录。"),
    },
    PurposeFacts {
        id: "ordering",
        class: Class::Order,
        title: Text::new("Orders and delivery", "订单与配送"),
        says: Text::new(
            "Consignee, phone and address, to confirm, settle, deliver and answer for an order, and to notice abnormal ones.",
            "收货人、电话与地址，用于确认、结算、配送订单、处理查询与售后，以及发现异常交易。",
        ),
        without: Text::new("Nothing can be delivered.", "无法配送商品。"),
    },
    PurposeFacts {
        id: "addresses",
        class: Class::Address,
        title: Text::new("Saved addresses", "收货地址簿"),
        says: Text::new(
            "Addresses that you save, to fill in your next order.",
            "您保存的地址，用于下次下单时填写。",
        ),
        without: Text::new("You type the address with each order.", "每次下单需重新填写地址。"),
    },
    PurposeFacts {
        id: "invoice",
        class: Class::Invoice,
        title: Text::new("Invoices", "发票"),
        says: Text::new(
            "Title and tax number, to issue the invoice that you ask for.",
            "发票抬头与税号，用于开具您索取的发票。",
        ),
        without: Text::new("No invoice in that name.", "无法开具该抬头的发票。"),
    },
    PurposeFacts {
        id: "messages",
        class: Class::Message,
        title: Text::new("Messages about orders and your account", "订单与账号通知"),
        says: Text::new(
            "Your contact, to tell you what happens to an order or to your account.",
            "您的联系方式，用于告知订单进展与账号变动。",
        ),
        without: Text::new("You would not hear of a change or of a theft.", "无法获知订单进展或账号异常。"),
    },
    PurposeFacts {
        id: "access-log",
        class: Class::AccessLog,
        title: Text::new("Record of looks", "查看留痕"),
        says: Text::new(
            "Which member of staff looked at your data and why, so that it can be answered for.",
            "记录哪位店员因何查看您的信息，以便追责。",
        ),
        without: Text::new("Nobody could answer for looks at your data.", "无法对查看行为追责。"),
    },
];
