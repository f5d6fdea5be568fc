//! The kinds of data (DEF-01): each stored field is of one, whatever class it lies in.

use crate::locale::Text;

/// The kind of a stored field (DEF-01). `NotPersonal` is said of what is not personal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataKind {
    NotPersonal,
    /// Name, address, phone, email.
    Basic,
    /// What identifies for official purposes, such as a tax number.
    Identification,
    /// Account name, password digest, session, network address.
    OnlineIdentity,
    /// Orders, amounts, payments.
    Property,
    /// Device class and language.
    Device,
    /// What was looked at and searched for.
    Browsing,
}

/// Kinds that the shop never collects (DEF-01): no form asks for them, and no table has a place for them.
pub const NEVER_COLLECTED: [Text; 4] = [
    Text::new("identity documents and their numbers", "身份证件及证件号码"),
    Text::new("your location", "位置信息"),
    Text::new("your contact list", "通讯录"),
    Text::new("device numbers such as the IMEI", "IMEI 等设备识别码"),
];

impl DataKind {
    /// The kinds that are personal.
    pub const PERSONAL: [Self; 6] = [
        Self::Basic,
        Self::Identification,
        Self::OnlineIdentity,
        Self::Property,
        Self::Device,
        Self::Browsing,
    ];

    /// What belongs to it here, for people.
    pub const fn examples(self) -> Text {
        match self {
            Self::NotPersonal => Text::new("", ""),
            Self::Basic => Text::new(
                "name, address, telephone, email; what you write",
                "姓名、地址、电话、邮箱，您填写的文字",
            ),
            Self::Identification => {
                Text::new("the tax number for the invoice of a company", "单位发票的税号")
            }
            Self::OnlineIdentity => Text::new(
                "account name, hash of the password, sessions, receipts; network address of staff",
                "账号名、密码哈希值、登录会话、凭证，店员的网络地址",
            ),
            Self::Property => Text::new(
                "goods, sums and payments of orders; the cart",
                "订单的商品、金额与付款情况，购物车",
            ),
            Self::Device => {
                Text::new("kind of device, system, browser, language", "设备类型、系统、浏览器、语言")
            }
            Self::Browsing => {
                Text::new("phrases searched for, products looked at", "搜索过的词、浏览过的商品")
            }
        }
    }

    pub const fn text(self) -> Text {
        match self {
            Self::NotPersonal => Text::new("not personal", "非个人信息"),
            Self::Basic => Text::new("basic", "个人基本资料"),
            Self::Identification => Text::new("identification", "个人身份信息"),
            Self::OnlineIdentity => Text::new("online identity", "网络身份标识信息"),
            Self::Property => Text::new("property", "个人财产信息"),
            Self::Device => Text::new("device", "个人常用设备信息"),
            Self::Browsing => Text::new("browsing", "个人上网记录"),
        }
    }

    /// Whether the policy calls it sensitive.
    pub const fn is_sensitive(self) -> bool {
        matches!(self, Self::Identification | Self::Property)
    }
}
