//! How messages leave: email over SMTP, or into the practice outbox. The conversation with the
//! mail server is led step by step, because it matters how far it came when it broke off: before
//! the text was handed over nothing was sent, after it nobody knows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::practice::Channel;
use super::queue::Outcome;
use super::texts::{Letter, Written};
use crate::clock::Timestamp;
use crate::config::Email;
use crate::contact::Contact;
use crate::notify::Practice;
use crate::sharing::Recipient;
use crate::shop::Shop;

/// How long the mail server may take for each half of a conversation.
const PATIENCE: Duration = Duration::from_secs(30);
const FAREWELL: Duration = Duration::from_secs(2);

/// Which contacts the shop can send to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reach {
    pub email: bool,
    pub sms: bool,
}

/// Which contacts the shop can send to: registration offers no other. SMS providers are not called
/// in this release, so that mobile numbers are reached in practice only.
pub fn reach(shop: &Shop) -> Reach {
    let practice = is_practice(shop);
    Reach { email: practice || shop.config().email.is_some(), sms: practice }
}

/// In a demonstration and in a rehearsal nothing real leaves.
pub fn is_practice(shop: &Shop) -> bool {
    shop.demo || shop.rehearsal
}

/// Who carries messages, for each way that the shop has.
pub fn providers(shop: &Shop) -> Vec<Recipient> {
    let ways = reach(shop);
    let email = ways.email.then(|| carrier(shop, &Contact::Email(String::new())));
    let sms = ways.sms.then(|| carrier(shop, &Contact::Mobile(String::new())));
    email.into_iter().chain(sms).collect()
}

/// Who carries messages to this contact: the mail server's host, or the kind of the SMS provider.
pub(super) fn carrier(shop: &Shop, to: &Contact) -> Recipient {
    const PRACTICE: &str = "practice";
    let named =
        |name: Option<String>| name.filter(|_| !is_practice(shop)).unwrap_or_else(|| PRACTICE.to_owned());
    match to {
        Contact::Email(_) => {
            Recipient::Email(named(shop.config().email.as_ref().map(|email| email.host().to_owned())))
        }
        // SMS providers are not called in this release.
        Contact::Mobile(_) => Recipient::Sms(named(None)),
    }
}

/// What became of a try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tried {
    pub outcome: Outcome,
    /// Whether the provider was reached and told to whom it goes: whatever it did with the message then, it
    /// has seen something of it (SHR-13).
    pub was_seen: bool,
}

/// The way that messages to one kind of contact take.
pub enum Transport {
    Smtp(Box<Server>),
    Practice,
    /// There is no way.
    None,
}

impl Transport {
    /// The way to this contact as it is configured now: the password is read anew each time, so
    /// that it can be renewed.
    ///
    /// # Errors
    /// Says what is wrong with the configuration.
    pub fn to(shop: &Shop, contact: &Contact) -> Result<Self, String> {
        if is_practice(shop) {
            return Ok(Self::Practice);
        }
        match (contact, &shop.config().email) {
            (Contact::Email(_), Some(email)) => {
                Server::of(shop, email).map(|server| Self::Smtp(Box::new(server)))
            }
            (Contact::Email(_), None) | (Contact::Mobile(_), _) => Ok(Self::None),
        }
    }
}

/// A mail server and how to speak to it.
pub struct Server {
    host: String,
    port: u16,
    /// TLS from the first byte (`smtps`), rather than after STARTTLS.
    wrapped: bool,
    /// STARTTLS is used where the server offers it. On this very machine it is not: nobody listens
    /// there, and local servers seldom have a certificate that can be checked.
    may_upgrade: bool,
    /// Nothing is sent without TLS.
    needs_tls: bool,
    user: Option<(String, Zeroizing<String>)>,
    hello: ClientId,
    from: Mailbox,
    /// The part of Message-IDs after the `@`.
    domain: String,
    /// How long it may take to be reached and to take sender and recipient, then again to take the
    /// text.
    pub(super) patience: Duration,
}

impl Server {
    pub(super) fn of(shop: &Shop, email: &Email) -> Result<Self, String> {
        let url = &email.smtp_url;
        let host = url.host_str().ok_or("email.smtp_url names no host")?.to_owned();
        let wrapped = url.scheme() == "smtps";
        let password = match &email.password {
            Some(file) => file.read().map_err(|error| format!("{} {}", error.key, error.says))?,
            None => decoded(url.password().unwrap_or("")),
        };
        let user = decoded(url.username());
        let user = (!user.is_empty()).then(|| (user.to_string(), password));
        let asks_for_tls = url.query_pairs().any(|(key, value)| key == "tls" && value == "required");
        let is_local = is_loopback(url);
        let own = Url::parse(shop.url()).ok();
        let domain = match own.as_ref().and_then(Url::host) {
            Some(Host::Domain(domain)) if domain != "localhost" => Some(domain.to_owned()),
            _ => None,
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(if wrapped { 465 } else { 587 }),
            wrapped,
            may_upgrade: asks_for_tls || !is_local,
            needs_tls: asks_for_tls || (user.is_some() && !is_local),
            user,
            hello: domain.clone().map_or_else(ClientId::default, ClientId::Domain),
            from: mailbox(&email.from).ok_or("email.from is not an address")?,
            domain: domain.unwrap_or_else(|| "localhost".to_owned()),
            patience: PATIENCE,
        })
    }

    /// Sends one mail and says what became of it.
    pub async fn send(&self, to: &str, letter: &Letter, id: &str, now: Timestamp) -> Tried {
        let Some((to, mail)) = self.compose(to, letter, id, now) else {
            return Tried { outcome: Outcome::Refused(None), was_seen: false };
        };
        let was_seen = AtomicBool::new(false);
        let outcome = self.converse(&to, &mail, &was_seen).await;
        Tried { outcome, was_seen: was_seen.into_inner() }
    }

    async fn converse(&self, to: &Address, mail: &[u8], was_seen: &AtomicBool) -> Outcome {
        match tokio::time::timeout(self.patience, self.offer(to, was_seen)).await {
            Err(_) => trouble("the mail server did not answer in time", None),
            Ok(Err(outcome)) => outcome,
            Ok(Ok(mut connection)) => {
                let outcome = self.hand_over(&mut connection, mail).await;
                // The mail is through or not by now; a server that lets us wait is left.
                let _ = tokio::time::timeout(FAREWELL, connection.quit()).await;
                outcome
            }
        }
    }

    fn compose(&self, to: &str, letter: &Letter, id: &str, now: Timestamp) -> Option<(Address, Vec<u8>)> {
        let to: Address = to.parse().ok()?;
        let automatic = HeaderName::new_from_ascii("Auto-Submitted".to_owned()).ok()?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(letter.subject.replace(['\r', '\n'], " "))
            .date(date_of(now))
            .message_id(Some(format!("<{id}@{}>", self.domain)))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.clone())
            .ok()?;
        Some((to, message.formatted()))
    }

    /// Up to the point where the server waits for the text. Whatever fails here was not sent, but from the
    /// recipient on something of it was seen.
    async fn offer(&self, to: &Address, was_seen: &AtomicBool) -> Result<AsyncSmtpConnection, Outcome> {
        let mut connection = self.connect().await?;
        let mail = Mail::new(Some(self.from.email.clone()), Vec::new());
        connection.command(mail).await.map_err(|error| {
            // A refused sender is no fault of this message.
            trouble("the mail server did not take the sender", Some(&error))
        })?;
        was_seen.store(true, Ordering::Relaxed);
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|error| judged(&error))?;
        connection.command(Data).await.map_err(|error| judged(&error))?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Outcome> {
        let failed = |error: SmtpError| trouble("the mail server can't be reached", Some(&error));
        let tls = || TlsParameters::new(self.host.clone()).map_err(failed);
        let wrapper = if self.wrapped { Some(tls()?) } else { None };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.patience), &self.hello, wrapper, None)
                .await
                .map_err(failed)?;
        if self.may_upgrade && connection.can_starttls() {
            connection.starttls(tls()?, &self.hello).await.map_err(failed)?;
        }
        if self.needs_tls && !connection.is_encrypted() {
            return Err(trouble("the mail server offers no TLS, and none is sent without", None));
        }
        if let Some((user, password)) = &self.user {
            let credentials = Credentials::new(user.clone(), password.to_string());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(failed)?;
        }
        Ok(connection)
    }

    /// Hands over the text. A clear answer is an answer; anything else leaves it open.
    async fn hand_over(&self, connection: &mut AsyncSmtpConnection, mail: &[u8]) -> Outcome {
        match tokio::time::timeout(self.patience, connection.message(mail)).await {
            Ok(Ok(_)) => Outcome::Sent,
            Ok(Err(error)) if error.status().is_some() => judged(&error),
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("the mail server did not say whether it took a mail");
                Outcome::Unknown
            }
        }
    }
}

/// What an answer of the server before or after the text means for this mail.
fn judged(error: &SmtpError) -> Outcome {
    let answer = error.status().map(u16::from);
    if error.is_permanent() {
        tracing::warn!(answer, "the mail server refused a mail for good");
        return Outcome::Refused(answer);
    }
    trouble("the mail server did not take a mail now", Some(error))
}

/// Something that may pass. The server's words are left out: they may repeat an address.
fn trouble(what: &str, error: Option<&SmtpError>) -> Outcome {
    let answer = error.and_then(SmtpError::status).map(u16::from);
    let cause = error.filter(|_| answer.is_none()).map(ToString::to_string);
    tracing::warn!(answer, cause, "{what}");
    Outcome::Later(answer)
}

fn date_of(moment: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(moment.as_millis()).unwrap_or(0))
}

fn decoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => matches!(name, "localhost" | "127.0.0.1" | "[::1]" | "::1"),
        None => false,
    }
}

/// `hello@shop.example` or `Shop <hello@shop.example>`.
fn mailbox(text: &str) -> Option<Mailbox> {
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (name.trim().trim_matches('"'), rest.trim().strip_suffix('>')?),
        None => ("", text),
    };
    let name = (!name.is_empty()).then(|| name.to_owned());
    Some(Mailbox::new(name, address.trim().parse().ok()?))
}

/// Sends a message the way that its contact takes.
pub(super) async fn send(shop: &Shop, to: &Contact, written: &Written, id: &str) -> Tried {
    match Transport::to(shop, to) {
        Err(fault) => {
            tracing::error!(%fault, "mails can't be sent");
            Tried { outcome: Outcome::Later(None), was_seen: false }
        }
        Ok(Transport::None) => Tried { outcome: Outcome::Unreachable, was_seen: false },
        Ok(Transport::Smtp(server)) => server.send(to.as_str(), &written.mail, id, shop.clock.now()).await,
        Ok(Transport::Practice) => {
            let (channel, subject, body) = match to {
                Contact::Email(_) => (Channel::Email, written.mail.subject.as_str(), &written.mail.body),
                Contact::Mobile(_) => (Channel::Sms, "", &written.sms),
            };
            shop.of::<Practice>().take(channel, to.as_str(), subject, body, shop.clock.now());
            Tried { outcome: Outcome::Sent, was_seen: true }
        }
    }
}
