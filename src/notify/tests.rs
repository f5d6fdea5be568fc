use std::sync::Arc;
use std::time::Duration;

use axum::extract::Query;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::queue::{self, Outcome, on_shelf};
use super::records::{CODE_MESSAGES, CODE_QUEUE, OUTBOX, OUTBOX_QUEUE, OUTBOX_SHELVES};
use super::*;
use crate::accounts::{self, NewAccount};
use crate::classes::Class;
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::config::Email;
use crate::contact::Contact;
use crate::ids::{MessageId, OrderNumber, SubjectId};
use crate::locale::{Locale, Text};
use crate::orders::Step;
use crate::random::SystemSource;
use crate::shop::Shop;
use crate::store::{Decided, Plan, RestoreKind};
use crate::trial;
use crate::web::Visit;

const DAY: i64 = 24 * 60 * 60;

/// A shop of its own for each test.
pub(crate) struct Fixture {
    dir: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    random: Arc<SystemSource>,
    smtp: Option<u16>,
    demo: bool,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
            clock: trial::clock(),
            random: Arc::new(SystemSource::new()),
            smtp: None,
            demo: false,
        }
    }

    fn demo() -> Self {
        Self { demo: true, ..Self::new() }
    }

    fn sending_to(server: &SmtpServer) -> Self {
        Self { smtp: Some(server.port), ..Self::new() }
    }

    pub(crate) fn shop(&self) -> Shop {
        let mut parts = trial::parts(self.dir.path(), &self.clock, self.demo, self.demo);
        parts.config.email = self.smtp.map(|port| Email {
            smtp_url: format!("smtp://127.0.0.1:{port}").parse().expect("an address"),
            password: None,
            from: "小卖部 <hello@shop.example>".to_owned(),
        });
        parts.url = "https://shop.example".to_owned();
        Shop::open(parts).expect("an open shop")
    }

    pub(crate) async fn account(&self, shop: &Shop, email: Option<&str>, mobile: Option<&str>) -> SubjectId {
        let name = format!("n{}", shop.random.six_digits());
        let new = NewAccount {
            name,
            email: email.map(str::to_owned),
            mobile: mobile.map(str::to_owned),
            password: String::new(),
            language: Locale::En,
            agreed_texts: [0; 32],
            agreed: self.clock.now(),
        };
        let random = self.random.clone();
        commit(shop, move |plan| accounts::create(plan, &new, &*random)).await
    }
}

fn number() -> OrderNumber {
    OrderNumber("KWTR100042".to_owned())
}

async fn commit<T: Send + 'static>(
    shop: &Shop,
    decide: impl FnOnce(&mut Plan<'_>) -> Decided<T> + Send + 'static,
) -> T {
    shop.store.commit(decide).await.expect("stored")
}

/// Queues one message to the holder of an account and gives its id.
pub(crate) async fn queue_one(shop: &Shop, subject: SubjectId) -> MessageId {
    commit(shop, move |plan| Ok(queue_to_account(plan, subject, NoticeKind::PasswordChanged)?)).await;
    let view = shop.store.view().expect("a view");
    on_shelf(&view, State::Waiting, None, 1).expect("a list")[0].0
}

fn state(shop: &Shop, id: MessageId) -> State {
    let view = shop.store.view().expect("a view");
    let state = view.get(&OUTBOX, &id).expect("a row").expect("it lives").state;
    for known in State::ALL {
        let listed = on_shelf(&view, known, None, 100).expect("a list").iter().any(|(one, _)| *one == id);
        assert_eq!(listed, known == state, "listed as {known:?} while {state:?}");
    }
    let queued = view.list(&OUTBOX_QUEUE, &[]).expect("a queue");
    assert_eq!(queued.iter().any(|row| row.key.ends_with(&id.0)), state == State::Waiting);
    state
}

// ---- A mail server of many moods ----

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mood {
    Accepts,
    RefusesRecipient,
    NotNow,
    RefusesText,
    HangsUpAfterText,
    HangsUpInMidAnswer,
    HangsUpAtOnce,
    /// Never says a word.
    Silent,
    /// Says its greeting a byte at a time, with no end.
    Dribbles,
    SilentAtRecipient,
    SilentAfterText,
}

struct SmtpServer {
    port: u16,
    mood: Arc<std::sync::Mutex<Mood>>,
    /// The text of each mail that was handed over, taken or not.
    texts: Arc<std::sync::Mutex<Vec<String>>>,
}

impl SmtpServer {
    async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Self {
            port: listener.local_addr().expect("an address").port(),
            mood: Arc::new(std::sync::Mutex::new(mood)),
            texts: Arc::default(),
        };
        let (mood, texts) = (server.mood.clone(), server.texts.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mood = *mood.lock().expect("a mood");
                let texts = texts.clone();
                tokio::spawn(async move { converse(stream, mood, &texts).await });
            }
        });
        server
    }

    fn turn(&self, mood: Mood) {
        *self.mood.lock().expect("a mood") = mood;
    }

    fn texts(&self) -> Vec<String> {
        self.texts.lock().expect("texts").clone()
    }
}

async fn converse(
    stream: TcpStream,
    mood: Mood,
    texts: &std::sync::Mutex<Vec<String>>,
) -> std::io::Result<()> {
    match mood {
        Mood::HangsUpAtOnce => return Ok(()),
        Mood::Silent => return wait_for_the_end(stream).await,
        Mood::Dribbles => return dribble(stream).await,
        _ => {}
    }
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let verb = line.split([' ', '\r', ':']).next().unwrap_or("").to_ascii_uppercase();
        let answer = match (verb.as_str(), mood) {
            ("RCPT", Mood::SilentAtRecipient) => return wait_for_the_end(stream.into_inner()).await,
            ("EHLO", _) => "250-test\r\n250 8BITMIME\r\n",
            ("RCPT", Mood::RefusesRecipient) => "550 no such person\r\n",
            ("RCPT", Mood::NotNow) => "451 come back later\r\n",
            ("DATA", _) => "354 go on\r\n",
            ("QUIT", _) => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
        if verb == "DATA" {
            let mut text = String::new();
            while !text.ends_with("\r\n.\r\n") {
                if stream.read_line(&mut text).await? == 0 {
                    return Ok(());
                }
            }
            texts.lock().expect("texts").push(text);
            match mood {
                Mood::HangsUpAfterText => return Ok(()),
                Mood::HangsUpInMidAnswer => return stream.write_all(b"25").await,
                Mood::SilentAfterText => return wait_for_the_end(stream.into_inner()).await,
                Mood::RefusesText => stream.write_all(b"554 not this\r\n").await?,
                _ => stream.write_all(b"250 taken\r\n").await?,
            }
        }
        if verb == "QUIT" {
            return Ok(());
        }
    }
    Ok(())
}

/// Answers nothing until the other side goes.
async fn wait_for_the_end(mut stream: TcpStream) -> std::io::Result<()> {
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(|_| ())
}

async fn dribble(mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        stream.write_all(b"2").await?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_mail_is_sent_once_and_says_what_mails_say() {
    let server = SmtpServer::start(Mood::Accepts).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    let subject = fixture.account(&shop, Some("li@example.com"), None).await;
    let id = queue_one(&shop, subject).await;
    assert_eq!(send_due(&shop).await.expect("sent"), 1);
    assert_eq!(state(&shop, id), State::Sent);
    fixture.clock.advance_seconds(30 * DAY - 1);
    assert_eq!(send_due(&shop).await.expect("nothing is due"), 0);
    let texts = server.texts();
    assert_eq!(texts.len(), 1);
    let head = texts[0].split("\r\n\r\n").next().expect("a head").to_owned();
    for wanted in [
        "From: =?utf-8?b?",
        "<hello@shop.example>",
        "To: li@example.com",
        "Subject: Your password was changed",
        "Date: Mon, 21 Sep 2026",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "@shop.example>",
    ] {
        assert!(head.contains(wanted), "{wanted:?} in {head}");
    }
    assert!(head.contains("Message-ID: <"), "{head}");
}

#[tokio::test]
async fn a_refusal_for_good_ends_the_message() {
    for mood in [Mood::RefusesRecipient, Mood::RefusesText] {
        let server = SmtpServer::start(mood).await;
        let fixture = Fixture::sending_to(&server);
        let shop = fixture.shop();
        let id = queue_one(&shop, fixture.account(&shop, Some("li@example.com"), None).await).await;
        assert_eq!(send_due(&shop).await.expect("tried"), 0);
        assert_eq!(state(&shop, id), State::Failed, "{mood:?}");
        let row = shop.store.view().expect("a view").get(&OUTBOX, &id).expect("a row").expect("it lives");
        assert!(matches!(row.answer, Some(550 | 554)));
    }
}

#[tokio::test]
async fn a_server_that_is_not_ready_is_tried_again_later() {
    for mood in [Mood::NotNow, Mood::HangsUpAtOnce] {
        let server = SmtpServer::start(mood).await;
        let fixture = Fixture::sending_to(&server);
        let shop = fixture.shop();
        let id = queue_one(&shop, fixture.account(&shop, Some("li@example.com"), None).await).await;
        assert_eq!(send_due(&shop).await.expect("tried"), 0);
        assert_eq!(state(&shop, id), State::Waiting, "{mood:?}");
        server.turn(Mood::Accepts);
        fixture.clock.advance_seconds(59);
        assert_eq!(send_due(&shop).await.expect("too early"), 0);
        fixture.clock.advance_seconds(1);
        assert_eq!(send_due(&shop).await.expect("sent"), 1);
        assert_eq!(state(&shop, id), State::Sent);
        assert_eq!(server.texts().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up_after_three_days() {
    let server = SmtpServer::start(Mood::NotNow).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    let id = queue_one(&shop, fixture.account(&shop, Some("li@example.com"), None).await).await;
    let next = |shop: &Shop| {
        let row = shop.store.view().expect("a view").get(&OUTBOX, &id).expect("a row");
        row.expect("it lives").next
    };
    while let Some(at) = next(&shop) {
        fixture.clock.set(at);
        send_due(&shop).await.expect("tried");
    }
    assert_eq!(state(&shop, id), State::Failed);
    let row = shop.store.view().expect("a view").get(&OUTBOX, &id).expect("a row").expect("it lives");
    assert_eq!(row.tries, 8);
}

#[tokio::test]
async fn a_server_that_hangs_before_the_text_is_tried_again_and_after_it_nobody_knows() {
    for (mood, becomes, handed_over) in [
        (Mood::Silent, Outcome::Later(None), 0),
        (Mood::Dribbles, Outcome::Later(None), 0),
        (Mood::SilentAtRecipient, Outcome::Later(None), 0),
        (Mood::SilentAfterText, Outcome::Unknown, 1),
        (Mood::HangsUpInMidAnswer, Outcome::Unknown, 1),
    ] {
        let server = SmtpServer::start(mood).await;
        let fixture = Fixture::sending_to(&server);
        let shop = fixture.shop();
        let email = shop.config().email.as_ref().expect("a mail server");
        let mut patient = transport::Server::of(&shop, email).expect("it is configured well");
        patient.patience = Duration::from_millis(300);
        let letter = Letter { subject: "News".to_owned(), body: "Hello".to_owned() };
        let tried = patient.send("li@example.com", &letter, "one", shop.clock.now()).await;
        assert_eq!(tried.outcome, becomes, "{mood:?}");
        assert_eq!(tried.was_seen, !matches!(mood, Mood::Silent | Mood::Dribbles), "{mood:?}");
        assert_eq!(server.texts().len(), handed_over, "{mood:?}");
    }
}

/// How many entries the ledger has of this person.
fn shared(shop: &Shop, subject: SubjectId) -> usize {
    crate::sharing::of_subject(&shop.store.view().expect("a view"), subject).expect("readable").len()
}

#[tokio::test]
async fn shr_13_the_first_try_that_reached_the_provider_is_in_the_ledger_whatever_came_of_it() {
    for (mood, entries) in [
        (Mood::Accepts, 1),
        (Mood::RefusesRecipient, 1),
        (Mood::RefusesText, 1),
        (Mood::NotNow, 1),
        (Mood::HangsUpAfterText, 1),
        // Nothing was told to who said nothing.
        (Mood::HangsUpAtOnce, 0),
    ] {
        let server = SmtpServer::start(mood).await;
        let fixture = Fixture::sending_to(&server);
        let shop = fixture.shop();
        let subject = fixture.account(&shop, Some("li@example.com"), None).await;
        let id = queue_one(&shop, subject).await;
        send_due(&shop).await.expect("tried");
        assert_eq!(shared(&shop, subject), entries, "{mood:?}");
        // Later tries of the same message, by itself and by staff, are in it already.
        fixture.clock.advance_seconds(DAY);
        server.turn(Mood::Accepts);
        send_due(&shop).await.expect("tried");
        let _ = shop.store.commit(move |plan| queue::resend(plan, id)).await;
        send_due(&shop).await.expect("tried");
        assert_eq!(state(&shop, id), State::Sent, "{mood:?}");
        assert_eq!(shared(&shop, subject), 1, "{mood:?}");
        // Another message is another entry.
        queue_one(&shop, subject).await;
        send_due(&shop).await.expect("tried");
        assert_eq!(shared(&shop, subject), 2, "{mood:?}");
    }
}

#[tokio::test]
async fn what_may_have_been_sent_is_sent_again_by_staff_only() {
    let server = SmtpServer::start(Mood::HangsUpAfterText).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    let id = queue_one(&shop, fixture.account(&shop, Some("li@example.com"), None).await).await;
    assert_eq!(send_due(&shop).await.expect("tried"), 0);
    assert_eq!(state(&shop, id), State::Unknown);
    server.turn(Mood::Accepts);
    fixture.clock.advance_seconds(2 * DAY);
    assert_eq!(send_due(&shop).await.expect("nothing is due"), 0);
    assert_eq!(server.texts().len(), 1);
    commit(&shop, move |plan| queue::resend(plan, id)).await;
    assert_eq!(state(&shop, id), State::Waiting);
    assert_eq!(send_due(&shop).await.expect("sent"), 1);
    let texts = server.texts();
    let named = |text: &str| text.lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned);
    assert_eq!(named(&texts[0]), named(&texts[1]));
    assert!(shop.store.commit(move |plan| queue::resend(plan, id)).await.is_err());
}

#[tokio::test]
async fn a_crash_while_sending_leaves_it_open_whether_it_was_sent() {
    let server = SmtpServer::start(Mood::Accepts).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    let subject = fixture.account(&shop, Some("li@example.com"), None).await;
    let contact = Contact::Email("li@example.com".to_owned());
    let id = queue_one(&shop, subject).await;
    commit(&shop, move |plan| Ok(queue_to_contact(plan, &contact, NoticeKind::ContactChanged, Locale::En)?))
        .await;
    let code = shop.store.view().expect("a view").list(&CODE_MESSAGES, &[]).expect("rows")[0].key;
    // The process ends between the mark and the answer.
    commit(&shop, move |plan| {
        queue::claim(plan, id)?;
        queue::claim_passing(plan, code, 600)
    })
    .await;
    drop(shop);
    let shop = fixture.shop();
    assert!(sender::recover(&shop).await);
    assert_eq!(state(&shop, id), State::Unknown);
    assert_eq!(shared(&shop, subject), 1, "it may have been seen");
    assert_eq!(count_passing(&shop.store.view().expect("a view")).expect("a count"), 0);
    assert_eq!(send_due(&shop).await.expect("nothing is due"), 0);
    assert!(server.texts().is_empty());
}

#[tokio::test]
async fn after_a_restore_nothing_is_sent_by_itself() {
    let server = SmtpServer::start(Mood::Accepts).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    let subject = fixture.account(&shop, Some("li@example.com"), None).await;
    let waiting = queue_one(&shop, subject).await;
    commit(&shop, |plan| Ok(queue::on_restored(plan, RestoreKind::FromArchive)?)).await;
    assert!(sender::recover(&shop).await);
    assert_eq!(state(&shop, waiting), State::Unknown);
    assert_eq!(send_due(&shop).await.expect("nothing is due"), 0);
    let expired =
        shop.store.view().expect("a view").expired(false, fixture.clock.now().plus_seconds(31 * DAY), 9);
    assert_eq!(expired.expect("a list").len(), 1);
}

#[tokio::test]
async fn whoever_has_only_a_mobile_is_not_reached_without_sms() {
    let server = SmtpServer::start(Mood::Accepts).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    assert_eq!(reach(&shop), Reach { email: true, sms: false });
    let id = queue_one(&shop, fixture.account(&shop, None, Some("+8613800138000")).await).await;
    let gone = SubjectId([9; 16]);
    commit(&shop, move |plan| Ok(queue_to_account(plan, gone, NoticeKind::PasswordChanged)?)).await;
    assert_eq!(send_due(&shop).await.expect("looked at"), 0);
    assert_eq!(state(&shop, id), State::Unreachable);
    assert_eq!(count(&shop.store.view().expect("a view"), State::Unreachable).expect("a count"), 2);
}

#[tokio::test]
async fn in_a_demonstration_everything_ends_in_the_practice_outbox() {
    let fixture = Fixture::demo();
    let shop = fixture.shop();
    let by_mail = fixture.account(&shop, Some("li@example.com"), Some("+8613800138000")).await;
    let by_sms = fixture.account(&shop, None, Some("+8613800138001")).await;
    queue_one(&shop, by_mail).await;
    commit(&shop, move |plan| {
        queue_to_account(plan, by_sms, NoticeKind::FactorChanged)?;
        let vault = plan.new_vault(Class::Code, Some(plan.now.plus_seconds(600)))?;
        let contact = Contact::Email("new@example.com".to_owned());
        Ok(queue_code(plan, &contact, Text::new("register", "注册"), "012345", Locale::Zh, vault)?)
    })
    .await;
    assert_eq!(send_due(&shop).await.expect("sent"), 3);
    let taken = shop.of::<Practice>().newest();
    let of = |to: &str| taken.iter().find(|one| one.to == to).expect("it is there").clone();
    assert_eq!(of("li@example.com").channel, Channel::Email);
    let sms = of("+8613800138001");
    assert_eq!((sms.channel, sms.subject.as_str()), (Channel::Sms, ""));
    assert!(sms.body.chars().count() < 120, "{}", sms.body);
    let code = of("new@example.com");
    assert!(code.body.contains("您的验证码：012345") && code.body.contains("10 分钟"), "{}", code.body);
    assert!(code.body.trim_end().ends_with("https://shop.example"), "{}", code.body);
    let json = serde_json::to_value(&taken).expect("JSON");
    let fields: Vec<&String> = json[0].as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["at", "body", "channel", "subject", "to"]);
    assert_eq!(json[0]["at"], "2026-09-21T14:13:20Z");
}

#[tokio::test]
async fn a_code_goes_with_its_vault_and_is_not_tried_for_long() {
    let server = SmtpServer::start(Mood::NotNow).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    let queue_one = |plan: &mut Plan<'_>| {
        let vault = plan.new_vault(Class::Code, Some(plan.now.plus_seconds(600)))?;
        let contact = Contact::Email("new@example.com".to_owned());
        queue_code(plan, &contact, Text::new("sign in", "登录"), "123456", Locale::En, vault)?;
        Ok(vault)
    };
    let dropped = commit(&shop, queue_one).await;
    let kept = commit(&shop, queue_one).await;
    commit(&shop, move |plan| Ok(plan.drop_vault(dropped)?)).await;
    for _ in 0..30 {
        send_due(&shop).await.expect("tried");
        fixture.clock.advance_seconds(30);
    }
    let view = shop.store.view().expect("a view");
    assert!(view.list(&CODE_MESSAGES, &[]).expect("rows").is_empty());
    assert!(view.list(&CODE_QUEUE, &[]).expect("rows").is_empty());
    assert!(view.lives(kept), "the code itself is not the outbox's to drop");
    assert_eq!(oldest_waiting(&view).expect("a time"), None);
}

#[tokio::test]
async fn the_loop_sends_when_the_bell_rings_and_stops_when_told() {
    let fixture = Fixture::demo();
    let shop = fixture.shop();
    let running = crate::jobs::start(&shop, &[&ROOM]).pop().expect("the outbox is a job");
    tokio::time::sleep(Duration::from_millis(100)).await;
    queue_one(&shop, fixture.account(&shop, Some("li@example.com"), None).await).await;
    let sent = async {
        while shop.of::<Practice>().newest().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(4), sent).await.expect("sent before the timer");
    shop.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(4), running).await.expect("it stops").expect("no panic");
}

#[tokio::test]
async fn staff_may_set_aside_what_was_not_sent() {
    let fixture = Fixture::new();
    let shop = fixture.shop();
    let id = queue_one(&shop, fixture.account(&shop, Some("li@example.com"), None).await).await;
    commit(&shop, move |plan| queue::set_aside(plan, id)).await;
    assert_eq!(state(&shop, id), State::SetAside);
    assert_eq!(send_due(&shop).await.expect("nothing is due"), 0);
    commit(&shop, move |plan| queue::resend(plan, id)).await;
    assert_eq!(
        oldest_waiting(&shop.store.view().expect("a view")).expect("a time"),
        Some(fixture.clock.now())
    );
    assert_eq!(send_due(&shop).await.expect("looked at"), 0);
    assert_eq!(state(&shop, id), State::Unreachable);
}

#[tokio::test]
async fn a_message_holds_neither_address_nor_text_and_goes_in_time() {
    let server = SmtpServer::start(Mood::Accepts).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    let id = queue_one(&shop, fixture.account(&shop, Some("marker-4711@example.com"), None).await).await;
    send_due(&shop).await.expect("sent");
    fixture.clock.advance_seconds(31 * DAY);
    let due = shop.store.view().expect("a view").expired(false, fixture.clock.now(), 9).expect("a list");
    assert_eq!(due.len(), 1);
    commit(&shop, move |plan| Ok(due.into_iter().try_for_each(|vault| plan.drop_vault(vault))?)).await;
    let view = shop.store.view().expect("a view");
    assert_eq!(view.get(&OUTBOX, &id).expect("readable"), None);
    assert!(view.list(&OUTBOX_SHELVES, &[]).expect("a list").is_empty());
}

#[tokio::test]
async fn a_message_about_an_order_that_is_gone_is_shown_to_staff() {
    let fixture = Fixture::demo();
    let shop = fixture.shop();
    let subject = fixture.account(&shop, Some("li@example.com"), None).await;
    commit(&shop, move |plan| Ok(queue_order_step(plan, &number(), subject, Step::Placed)?)).await;
    assert_eq!(send_due(&shop).await.expect("looked at"), 0);
    let view = shop.store.view().expect("a view");
    let listed = on_shelf(&view, State::Unreachable, None, 9).expect("a list");
    assert_eq!(listed[0].1.what.order(), Some(&number()));
}

async fn body_of(answer: crate::web::Answer) -> String {
    let body = answer.expect("an answer").into_body();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn visit(shop: &Shop, path: &str, l: Locale) -> Visit {
    let uri = path.parse().expect("an address");
    let mut visit = Visit::of(shop, &uri, &axum::http::HeaderMap::new(), None).expect("a visit");
    visit.locale = l;
    visit
}

#[tokio::test]
async fn staff_see_what_hangs_and_no_address() {
    let server = SmtpServer::start(Mood::RefusesRecipient).await;
    let fixture = Fixture::sending_to(&server);
    let shop = fixture.shop();
    let subject = fixture.account(&shop, Some("marker-4711@example.com"), None).await;
    queue_one(&shop, subject).await;
    send_due(&shop).await.expect("tried");
    commit(&shop, move |plan| Ok(queue_order_step(plan, &number(), subject, Step::Placed)?)).await;
    fixture.clock.advance_seconds(301);
    for (l, wanted) in [
        (Locale::En, ["Not sent", "answered 550", "Order placed", "KWTR100042", "has been waiting since"]),
        (Locale::Zh, ["发送失败", "返回 550", "下单成功", "KWTR100042", "等待发送"]),
    ] {
        let page =
            body_of(pages::show(visit(&shop, "/admin/messages", l), Query(pages::Wanted::default())).await)
                .await;
        for text in wanted {
            assert!(page.contains(text), "{text} in {page}");
        }
        assert!(!page.contains("marker-4711"));
    }
}

#[tokio::test]
async fn the_list_of_sent_messages_goes_on_to_older_ones() {
    let fixture = Fixture::demo();
    let shop = fixture.shop();
    let subject = fixture.account(&shop, Some("li@example.com"), None).await;
    for _ in 0..60 {
        queue_one(&shop, subject).await;
    }
    assert_eq!(send_due(&shop).await.expect("sent"), 60);
    let mut query = pages::Wanted { tab: "sent".to_owned(), ..pages::Wanted::default() };
    let mut seen = 0;
    loop {
        let sent = visit(&shop, "/admin/messages?tab=sent", Locale::En);
        let page = body_of(pages::show(sent, Query(query.clone())).await).await;
        seen += page.matches("Your password was changed").count();
        let Some((_, rest)) = page.split_once("before=") else { break };
        query.before = rest[..32].to_owned();
    }
    assert_eq!(seen, 60);
}

#[tokio::test]
async fn the_outbox_of_a_demonstration_is_there_and_nowhere_else() {
    use tower::ServiceExt;
    for (fixture, status) in [(Fixture::demo(), 200), (Fixture::new(), 404)] {
        let shop = fixture.shop();
        let subject = fixture.account(&shop, Some("li@example.com"), None).await;
        queue_one(&shop, subject).await;
        send_due(&shop).await.expect("looked at");
        for path in ["/demo/outbox", "/demo/outbox.json"] {
            let request = axum::http::Request::get(path).body(axum::body::Body::empty()).expect("a request");
            let answer =
                crate::web::router(&shop, crate::web::Site { routes: routes(), ..crate::rooms::site() })
                    .oneshot(request)
                    .await
                    .expect("an answer");
            assert_eq!(answer.status(), status, "{path}");
            let page = body_of(Ok(answer)).await;
            assert_eq!(page.contains("li@example.com"), status == 200, "{page}");
        }
    }
}

#[test]
fn every_text_is_written_in_both_languages() {
    let fixture = Fixture::new();
    let shop = fixture.shop();
    let at = fixture.clock.now();
    for notice in NoticeKind::ALL {
        let [en, zh] = Locale::ALL.map(|l| texts::notice_message(&shop, notice, "", at, l));
        assert_ne!(en.mail.subject, zh.mail.subject);
        for written in [en, zh] {
            assert!(written.mail.body.ends_with("Tuckshop, https://shop.example\n"), "{}", written.mail.body);
            assert!(!written.mail.body.contains("  ") && written.sms.contains("Tuckshop"), "{written:?}");
            assert!(written.sms.chars().count() <= 140, "{}", written.sms);
        }
    }
}

#[test]
fn pauses_grow_and_end_after_three_days() {
    let since = Timestamp::from_millis(1_790_000_000_000);
    let mut now = since;
    let mut tries = 1;
    let mut pauses = Vec::new();
    while let Some(next) = next_try(since, tries, now) {
        pauses.push(next.seconds_since(now) / 60);
        now = next;
        tries += 1;
    }
    assert_eq!(pauses, [1, 5, 30, 120, 360, 1440, 1440]);
    assert_eq!(tries, 8);
}
