//! The sections about partners: `[email]`, `[sms]`, `[payments.*]`, `[delivery.sf]`. A partner that stands
//! in the file is shown in the back office and can't be changed there.

use std::fmt;

use url::Url;

use super::business::email;
use super::reader::{Parsed, Reader};
use super::running::http_url;
use super::secret::SecretFile;

/// `[email]`
#[derive(Clone)]
pub struct Email {
    /// `smtp://` or `smtps://`, perhaps with a user and a password in it.
    pub smtp_url: Url,
    pub password: Option<SecretFile>,
    /// `hello@shop.example` or `Shop <hello@shop.example>`.
    pub from: String,
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email")
            .field("smtp_url", &without_password(&self.smtp_url))
            .field("password", &self.password)
            .field("from", &self.from)
            .finish()
    }
}

impl Email {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let smtp_url = reader.maybe("email.smtp_url", smtp_url, without_password);
        let password = reader.secret("email.password_file");
        let from = reader.maybe("email.from", mailbox, String::clone);
        if reader.is_unused("email.", &["email.smtp_url", "email.from"]) {
            return None;
        }
        let smtp_url = smtp_url?;
        if smtp_url.password().is_some() && password.is_some() {
            let says = "names a password, and so does email.smtp_url; keep one".to_owned();
            reader.problem("email.password_file", says);
        }
        Some(Self { smtp_url, password, from: from? })
    }

    /// The mail server's host, by which people are told who carries their messages.
    pub fn host(&self) -> &str {
        self.smtp_url.host_str().unwrap_or_default()
    }
}

fn without_password(url: &Url) -> String {
    let mut shown = url.clone();
    if shown.password().is_some() {
        // Fails only for addresses without a host, which are refused.
        let _ = shown.set_password(Some("…"));
    }
    shown.to_string()
}

fn smtp_url(text: &str) -> Parsed<Url> {
    // The text is not repeated: it may hold a password.
    let says = || "is not a mail server; write \"smtps://user@host:465\" or \"smtp://host:587\"".to_owned();
    let url = Url::parse(text).map_err(|_| says())?;
    let sound = matches!(url.scheme(), "smtp" | "smtps")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && matches!(url.path(), "" | "/")
        && url.fragment().is_none();
    if sound { Ok(url) } else { Err(says()) }
}

/// An address, or a name and an address in angle brackets.
fn mailbox(text: &str) -> Parsed<String> {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or(""),
        None => text,
    };
    if text.contains(char::is_control) {
        return Err("takes one line without control characters".to_owned());
    }
    email(address).map(|_| text.to_owned())
}

/// `[sms]`
#[derive(Clone, Debug)]
pub enum Sms {
    Aliyun(AliyunSms),
    Tencent(TencentSms),
    Webhook(WebhookSms),
}

/// `[sms]` with `kind = "aliyun"`
#[derive(Clone, Debug)]
pub struct AliyunSms {
    pub access_key_id: String,
    pub access_key_secret: SecretFile,
    pub sign_name: String,
    /// The approved template that codes are sent with.
    pub template_code: String,
    pub base_url: Option<Url>,
}

/// `[sms]` with `kind = "tencent"`
#[derive(Clone, Debug)]
pub struct TencentSms {
    pub secret_id: String,
    pub secret_key: SecretFile,
    pub sdk_app_id: String,
    pub sign_name: String,
    /// The approved template that codes are sent with.
    pub template_id: String,
    pub region: String,
    pub base_url: Option<Url>,
}

/// `[sms]` with `kind = "webhook"`
#[derive(Clone, Debug)]
pub struct WebhookSms {
    pub url: Url,
    /// Signs what is sent.
    pub secret: Option<SecretFile>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SmsKind {
    Aliyun,
    Tencent,
    Webhook,
}

impl Sms {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        use SmsKind::{Aliyun, Tencent, Webhook};
        let kinds = [("aliyun", Aliyun), ("tencent", Tencent), ("webhook", Webhook)];
        let kind = reader.choice("sms.kind", "", &kinds);
        let access_key_id = reader.maybe_text("sms.access_key_id", 200);
        let access_key_secret = reader.secret("sms.access_key_secret_file");
        let template_code = reader.maybe_text("sms.template_code", 100);
        let secret_id = reader.maybe_text("sms.secret_id", 200);
        let secret_key = reader.secret("sms.secret_key_file");
        let sdk_app_id = reader.maybe_text("sms.sdk_app_id", 100);
        let template_id = reader.maybe_text("sms.template_id", 100);
        let region = reader.text("sms.region", "ap-guangzhou", 60);
        let sign_name = reader.maybe_text("sms.sign_name", 100);
        let base_url = reader.maybe("sms.base_url", http_url, Url::to_string);
        let url = reader.maybe("sms.url", http_url, Url::to_string);
        let secret = reader.secret("sms.secret_file");
        let needed: &[&str] = match kind {
            None => &["sms.kind"],
            Some(Aliyun) => {
                &["sms.access_key_id", "sms.access_key_secret_file", "sms.sign_name", "sms.template_code"]
            }
            Some(Tencent) => &[
                "sms.secret_id",
                "sms.secret_key_file",
                "sms.sdk_app_id",
                "sms.sign_name",
                "sms.template_id",
            ],
            Some(Webhook) => &["sms.url"],
        };
        if reader.is_unused("sms.", needed) {
            return None;
        }
        let sms = match kind? {
            Aliyun => Self::Aliyun(AliyunSms {
                access_key_id: access_key_id?,
                access_key_secret: access_key_secret?,
                sign_name: sign_name?,
                template_code: template_code?,
                base_url,
            }),
            Tencent => Self::Tencent(TencentSms {
                secret_id: secret_id?,
                secret_key: secret_key?,
                sdk_app_id: sdk_app_id?,
                sign_name: sign_name?,
                template_id: template_id?,
                region,
                base_url,
            }),
            Webhook => Self::Webhook(WebhookSms { url: url?, secret }),
        };
        Some(sms)
    }
}

/// `[payments.*]`
#[derive(Clone, Debug)]
pub struct Payments {
    /// What a transfer's page says about where to send the money. First value only.
    pub transfer_instructions: String,
    pub alipay: Option<Alipay>,
    pub wechatpay: Option<Wechatpay>,
    pub stripe: Option<Stripe>,
}

impl Payments {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            transfer_instructions: reader.lines("payments.transfer.instructions", 2000),
            alipay: Alipay::read(reader),
            wechatpay: Wechatpay::read(reader),
            stripe: Stripe::read(reader),
        }
    }
}

/// `[payments.alipay]`
#[derive(Clone, Debug)]
pub struct Alipay {
    pub app_id: String,
    pub private_key: SecretFile,
    pub trust: AlipayTrust,
    pub gateway: Url,
}

/// How Alipay's answers are proven.
#[derive(Clone, Debug)]
pub enum AlipayTrust {
    PublicKey(SecretFile),
    Certificates { app: SecretFile, root: SecretFile },
}

impl Alipay {
    fn read(reader: &mut Reader) -> Option<Self> {
        let app_id = reader.maybe_text("payments.alipay.app_id", 64);
        let private_key = reader.secret("payments.alipay.private_key_file");
        let public_key = reader.secret("payments.alipay.alipay_public_key_file");
        let app_cert = reader.secret("payments.alipay.app_cert_file");
        let root_cert = reader.secret("payments.alipay.root_cert_file");
        let gateway = address(reader, "payments.alipay.gateway", "https://openapi.alipay.com/gateway.do");
        let by_certificates = app_cert.is_some() || root_cert.is_some();
        let mut needed = vec!["payments.alipay.app_id", "payments.alipay.private_key_file"];
        if by_certificates {
            needed.extend(["payments.alipay.app_cert_file", "payments.alipay.root_cert_file"]);
        } else {
            needed.push("payments.alipay.alipay_public_key_file");
        }
        if reader.is_unused("payments.alipay.", &needed) {
            return None;
        }
        let trust = match (app_cert, root_cert) {
            (Some(app), Some(root)) => AlipayTrust::Certificates { app, root },
            _ => AlipayTrust::PublicKey(public_key?),
        };
        Some(Self { app_id: app_id?, private_key: private_key?, trust, gateway: gateway? })
    }
}

/// `[payments.wechatpay]`
#[derive(Clone, Debug)]
pub struct Wechatpay {
    pub mchid: String,
    pub appid: String,
    /// The serial number of the merchant's certificate.
    pub serial_no: String,
    pub private_key: SecretFile,
    pub api_v3_key: SecretFile,
    /// The id and file of WeChat Pay's public key; without it, its certificates are fetched.
    pub public_key: Option<(String, SecretFile)>,
    pub base_url: Url,
}

impl Wechatpay {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mchid = reader.maybe_text("payments.wechatpay.mchid", 64);
        let appid = reader.maybe_text("payments.wechatpay.appid", 64);
        let serial_no = reader.maybe_text("payments.wechatpay.serial_no", 100);
        let private_key = reader.secret("payments.wechatpay.private_key_file");
        let api_v3_key = reader.secret("payments.wechatpay.api_v3_key_file");
        let public_key_id = reader.maybe_text("payments.wechatpay.public_key_id", 100);
        let public_key = reader.secret("payments.wechatpay.public_key_file");
        let base_url = address(reader, "payments.wechatpay.base_url", "https://api.mch.weixin.qq.com/");
        let mut needed = vec![
            "payments.wechatpay.mchid",
            "payments.wechatpay.appid",
            "payments.wechatpay.serial_no",
            "payments.wechatpay.private_key_file",
            "payments.wechatpay.api_v3_key_file",
        ];
        if public_key_id.is_some() || public_key.is_some() {
            needed.extend(["payments.wechatpay.public_key_id", "payments.wechatpay.public_key_file"]);
        }
        if reader.is_unused("payments.wechatpay.", &needed) {
            return None;
        }
        Some(Self {
            mchid: mchid?,
            appid: appid?,
            serial_no: serial_no?,
            private_key: private_key?,
            api_v3_key: api_v3_key?,
            public_key: public_key_id.zip(public_key),
            base_url: base_url?,
        })
    }
}

/// `[payments.stripe]`
#[derive(Clone, Debug)]
pub struct Stripe {
    pub secret_key: SecretFile,
    pub webhook_secret: SecretFile,
    pub base_url: Url,
}

impl Stripe {
    fn read(reader: &mut Reader) -> Option<Self> {
        let secret_key = reader.secret("payments.stripe.secret_key_file");
        let webhook_secret = reader.secret("payments.stripe.webhook_secret_file");
        let base_url = address(reader, "payments.stripe.base_url", "https://api.stripe.com/");
        let needed = ["payments.stripe.secret_key_file", "payments.stripe.webhook_secret_file"];
        if reader.is_unused("payments.stripe.", &needed) {
            return None;
        }
        Some(Self { secret_key: secret_key?, webhook_secret: webhook_secret?, base_url: base_url? })
    }
}

/// `[delivery.sf]`
#[derive(Clone, Debug)]
pub struct Sf {
    pub partner_id: String,
    pub checkword: SecretFile,
    pub base_url: Url,
}

impl Sf {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let partner_id = reader.maybe_text("delivery.sf.partner_id", 100);
        let checkword = reader.secret("delivery.sf.checkword_file");
        let base_url = address(reader, "delivery.sf.base_url", "https://bspgw.sf-express.com/std/service");
        if reader.is_unused("delivery.sf.", &["delivery.sf.partner_id", "delivery.sf.checkword_file"]) {
            return None;
        }
        Some(Self { partner_id: partner_id?, checkword: checkword?, base_url: base_url? })
    }
}

/// A partner's address. `None` only if the default itself is no address, which a test rules out.
fn address(reader: &mut Reader, key: &'static str, default: &'static str) -> Option<Url> {
    let address = reader.parsed(key, default.to_owned(), |text| http_url(text).map(|url| url.to_string()));
    Url::parse(&address).ok()
}
