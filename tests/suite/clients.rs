//! Clients that mean no good, or are only slow, against the real program: others are served, memory
//! stays bounded, and what is odd is closed.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::program::{Running, full, text, tuckshop};

fn demo(home: &Path, config: &str) -> Running {
    let file = home.join("shop.toml");
    std::fs::write(&file, config).expect("written");
    let dir = home.join("shop").display().to_string();
    let file = file.display().to_string();
    let arguments = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--products",
        "6",
        "--orders",
        "0",
        "--data-dir",
        &dir,
        "--config",
        &file,
    ];
    Running::start(home, &arguments, "Backup identity:")
}

fn connect(running: &Running) -> TcpStream {
    let stream = TcpStream::connect(&running.address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    stream
}

/// What comes back for these bytes until the connection is closed; a reset is an end too.
fn answer_to(running: &Running, bytes: &[u8]) -> String {
    let mut stream = connect(running);
    // The shop may have answered and closed before it has read all.
    let _ = stream.write_all(bytes);
    read_to_end(&mut stream)
}

fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the connection hangs: {error}; so far {}", text(&answer)),
        }
    }
    text(&answer)
}

fn is_served(running: &Running) {
    assert_eq!(running.visitor().get("/").expect("a page").status, 200);
}

/// The most memory that the process ever held, in kilobytes.
fn most_memory(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).expect("read");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn a_head_or_a_body_that_does_not_come_is_closed_and_others_are_served() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let running = demo(home.path(), "[limits]\nheader_timeout = \"1 second\"\n");
    let mut silent = connect(&running);
    let mut half = connect(&running);
    half.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").expect("sent");
    let mut body = connect(&running);
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 100\r\n\r\naccount=";
    body.write_all(head.as_bytes()).expect("sent");
    is_served(&running);
    for stream in [&mut silent, &mut half] {
        let answer = read_to_end(stream);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    let answer = read_to_end(&mut body);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    is_served(&running);
}

#[test]
fn bombs_in_heads_and_bodies_are_refused_without_being_read_to_their_end() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let running = demo(home.path(), "");
    let before = most_memory(&running);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(500_000));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(10_000));
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
    for head in [&long, &many, &path] {
        let answer = answer_to(&running, head.as_bytes());
        let refused =
            ["HTTP/1.1 431", "HTTP/1.1 414", "HTTP/1.1 400"].iter().any(|code| answer.starts_with(code));
        assert!(answer.is_empty() || refused, "{}", &answer[..answer.len().min(200)]);
    }
    let form = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let announced = format!("{form}Content-Length: 10000000000\r\n\r\naccount=");
    let answer = answer_to(&running, announced.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413"), "{}", &answer[..answer.len().min(200)]);
    let mut chunked = format!("{form}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..200 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend(std::iter::repeat_n(b'a', 65_536));
        chunked.extend_from_slice(b"\r\n");
    }
    let answer = answer_to(&running, &chunked);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{}", &answer[..answer.len().min(200)]);
    // What is packed is not unpacked.
    let packed =
        format!("{form}Content-Encoding: gzip\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x1f\x08a");
    assert!(answer_to(&running, packed.as_bytes()).starts_with("HTTP/1.1 4"));
    is_served(&running);
    // The kernel counts a little late, so that it may be less.
    let grown = most_memory(&running).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} kB more than before");
}

#[test]
fn a_request_that_two_servers_could_read_two_ways_is_refused() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let running = demo(home.path(), "");
    let hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for (what, head) in [
        ("two lengths", "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"),
        (
            "length and chunks",
            "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("a line that goes on", "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n"),
        ("a space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
        ("chunks of no size", "POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        ("a length below nothing", "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        ("no version", "GET /\r\nHost: x\r\n\r\n"),
    ] {
        let answer = answer_to(&running, format!("{head}{hidden}").as_bytes());
        assert!(!answer.contains("ok\n"), "{what}: what was hidden behind it was answered: {answer}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
    }
    is_served(&running);
}

#[test]
fn thousands_who_say_nothing_keep_no_shopper_out() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let running = demo(home.path(), "[limits]\nmax_connections = 500\n");
    let before = most_memory(&running);
    let raised =
        nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).expect("a limit").1;
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE, raised, raised);
    let silent: Vec<TcpStream> =
        (0..if full() { 10_000 } else { 2_000 }).map(|_| connect(&running)).collect();
    for _ in 0..20 {
        is_served(&running);
    }
    // The kernel counts a little late, so that it may be less.
    let grown = most_memory(&running).saturating_sub(before);
    println!("{} silent connections: {grown} kB more", silent.len());
    assert!(grown < 64 * 1024, "{grown} kB more than before");
    drop(silent);
    is_served(&running);
}

#[test]
fn many_sign_ins_at_once_are_all_answered_while_others_are_served() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let running = demo(home.path(), "[limits]\nargon2_at_once = 2\n");
    let before = most_memory(&running);
    let count = if full() { 500 } else { 60 };
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let sign_in = |number: usize| {
            let mut visitor = running.visitor();
            let form = visitor.get("/login").expect("a page").form("/login");
            let form =
                form.with("account", &format!("nobody-{number}")).with("password", "not this one at all");
            visitor.submit(&form).expect("an answer").status
        };
        let all: Vec<_> = (0..count).map(|number| scope.spawn(move || sign_in(number))).collect();
        for _ in 0..5 {
            is_served(&running);
        }
        all.into_iter().map(|one| one.join().expect("answered")).collect()
    });
    assert!(answers.iter().all(|status| [422, 429, 503].contains(status)), "{answers:?}");
    // The kernel counts a little late, so that it may be less.
    let grown = most_memory(&running).saturating_sub(before);
    println!("{count} sign-ins at once: {grown} kB more");
    // Two at a time at 19 MiB each, and what the connections take.
    assert!(grown < 128 * 1024, "{grown} kB more than before");
}

/// A key pair for this machine's address, as two PEM files; returns the certificate.
fn certify(folder: &Path, name: &str) -> CertificateDer<'static> {
    let made =
        rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned(), name.to_owned()]).expect("made");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("written");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("written");
    CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).expect("a certificate")
}

/// One page over TLS, from a server that must show this certificate.
fn over_tls(running: &Running, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a root");
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = StreamOwned::new(client, connect(running));
    stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(text(&answer)),
    }
}

#[test]
fn the_shop_speaks_https_from_two_files_and_reads_them_anew() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let first = certify(home.path(), "one.example");
    let at = |name: &str| home.path().join(name).display().to_string();
    let config =
        format!("[site]\ntls_cert_file = \"{}\"\ntls_key_file = \"{}\"\n", at("cert.pem"), at("key.pem"));
    let running = demo(home.path(), &config);
    assert!(running.said("Shop:").starts_with("https://"), "{:?}", running.lines);
    let answer = over_tls(&running, &first).expect("a page");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("strict-transport-security"), "{answer}");
    // Who speaks plainly is not left hanging.
    let plain = answer_to(&running, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(!plain.contains("200 OK"), "{plain}");

    let hang_up = || {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(running.pid()).expect("a process id"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGHUP).expect("told");
    };
    let second = certify(home.path(), "two.example");
    hang_up();
    let changed = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        over_tls(&running, &second).is_ok()
    });
    assert!(changed, "the new certificate is not shown");
    assert!(over_tls(&running, &first).is_err());
    std::fs::write(home.path().join("key.pem"), "no key").expect("written");
    hang_up();
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(20));
        over_tls(&running, &second).expect("the one before stays");
    }
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_bad_certificate_is_refused_with_78_and_names_its_key() {
    let home = tempfile::tempdir().expect("a temporary folder");
    certify(home.path(), "one.example");
    let at = |name: &str| home.path().join(name).display().to_string();
    std::fs::rename(at("cert.pem"), at("other.pem")).expect("moved");
    certify(home.path(), "two.example");
    std::fs::write(at("empty.pem"), "").expect("written");
    let dir = at("shop");
    for (cert, key, says) in [
        ("other.pem", "key.pem", "does not belong"),
        ("empty.pem", "key.pem", "site.tls_cert_file"),
        ("cert.pem", "empty.pem", "site.tls_key_file"),
        ("none.pem", "key.pem", "site.tls_cert_file"),
    ] {
        let config = format!("[site]\ntls_cert_file = \"{}\"\ntls_key_file = \"{}\"\n", at(cert), at(key));
        std::fs::write(at("shop.toml"), config).expect("written");
        let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &dir, "--config", &at("shop.toml")];
        let output = tuckshop(home.path(), &serve);
        assert_eq!(output.status.code(), Some(78), "{cert} {key}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
        assert!(!Path::new(&dir).join("shop.redb").exists(), "nothing was made");
    }
}

#[test]
fn told_to_stop_a_second_time_the_shop_waits_for_nobody() {
    use nix::sys::signal::{Signal, kill};
    let home = tempfile::tempdir().expect("a temporary folder");
    let stderr = home.path().join("stderr.log");
    let running = Running::talkative_demo(home.path(), &stderr);
    // Somebody whose form never comes to its end.
    let mut slow = std::net::TcpStream::connect(&running.address).expect("connected");
    let head = "POST /login HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 100\r\n\r\naccount=";
    slow.write_all(head.as_bytes()).expect("sent");
    assert_eq!(running.visitor().get("/").expect("a page").status, 200);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(running.pid()).expect("a process id"));
    kill(pid, Signal::SIGTERM).expect("told");
    while std::net::TcpStream::connect(&running.address).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(running.stop(), 0);
    let said = std::fs::read_to_string(&stderr).expect("stderr");
    assert!(said.contains("told to stop a second time"), "{said}");
    is_served(&demo(home.path(), ""));
}

/// What comes back for the one request of a connection.
fn ask_once(running: &Running, request: &str) -> String {
    answer_to(running, request.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes())
}

#[test]
fn no_path_leads_out_of_what_is_served() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let running = demo(home.path(), "");
    let dir = home.path().join("shop");
    let key = std::fs::read_to_string(dir.join("master.key")).expect("a demo's key lies in its data dir");
    let secret = key.lines().last().expect("digits");
    let ways = [
        "/media/../master.key",
        "/media/..%2fmaster.key",
        "/media/%2e%2e/master.key",
        "/media/....//master.key",
        "/media/..%5cmaster.key",
        "/media/master.key",
        "/assets/../../master.key",
        "/assets/%2e%2e/%2e%2e/master.key",
        "/assets/css/%00shop.css",
        "/assets/css//etc/passwd",
        "//etc/passwd",
        "/products/..%2f..%2fmaster.key",
        "/categories/%ff%fe",
        "/../master.key",
    ];
    for way in ways {
        let answer = ask_once(&running, &format!("GET {way} HTTP/1.1\r\nHost: shop\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 4"), "{way}: {}", &answer[..answer.len().min(100)]);
        assert!(!answer.contains(secret) && !answer.contains("root:"), "{way}");
    }
    is_served(&running);
}

#[test]
fn nobody_elses_name_or_header_gets_into_an_answer() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let running = demo(home.path(), "");
    let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 36\r\n\r\n\
                account=a&password=b&back=//evil.test";
    let asked = [
        "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n".to_owned(),
        "GET http://evil.test/ HTTP/1.1\r\nHost: shop\r\n\r\n".to_owned(),
        "GET /admin HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: evil.test\r\n\r\n".to_owned(),
        "GET /account HTTP/1.1\r\nHost: shop\r\nForwarded: host=evil.test;proto=https\r\n\r\n".to_owned(),
        "GET /sitemap.xml HTTP/1.1\r\nHost: evil.test\r\n\r\n".to_owned(),
        "GET /robots.txt HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Proto: evil.test\r\n\r\n".to_owned(),
        format!("POST /login HTTP/1.1\r\nHost: evil.test\r\nOrigin: http://evil.test\r\n{form}"),
    ];
    for request in asked {
        let answer = ask_once(&running, &request);
        assert!(answer.starts_with("HTTP/1.1 "), "{request}: {answer}");
        assert!(!answer.contains("evil.test"), "{request} is answered:\n{answer}");
    }
    for path in ["/admin?x=%0d%0aX-Own:%20yes", "/account/%0d%0aX-Own:%20yes", "/products/%0aX-Own:%20yes"] {
        let answer = ask_once(&running, &format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n"));
        let head = answer.split("\r\n\r\n").next().unwrap_or("");
        assert!(!head.to_ascii_lowercase().contains("\nx-own"), "{path}:\n{head}");
    }
}
