//! A product page of the shop against a bare axum answer of the same bytes and headers.
//!
//! Both run in processes of their own, with the same runtime and the same settings of their sockets; the
//! client asks one and the other in turn, over connections that stay open, so that whatever else the
//! machine does hits both. What counts is the ratio; the requests per second are for scale.
//!
//! `cargo bench --bench pages`

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::IntoResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PAGE: &str = "/products/jasmine-green-tea";
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Rounds of each, one after the other, and how long each lasts.
const ROUNDS: usize = 6;
const ROUND: Duration = Duration::from_millis(1500);
/// Not compared: what differs by its nature.
const OWN: [&str; 2] = ["date", "content-length"];

fn main() {
    if std::env::var_os(BARE).is_some() {
        return bare();
    }
    let shop = Server::start(
        Command::new(env!("CARGO_BIN_EXE_tuckshop")).args([
            "demo",
            "--orders",
            "0",
            "--products",
            "60",
            "--listen",
            "127.0.0.1:0",
        ]),
        "Shop: http://",
    );
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sample = runtime.block_on(first_answer(&shop.address));
    let folder = std::env::temp_dir().join(format!("tuckshop-bench-{}", std::process::id()));
    std::fs::write(&folder, &sample).expect("written");
    let myself = std::env::current_exe().expect("this program");
    let bare = Server::start(Command::new(myself).env(BARE, &folder), "bare http://");
    println!("{PAGE}: {} bytes with its head", sample.len());
    println!(
        "{:>12} {:>12} {:>12} {:>7} {:>14} {:>14}",
        "connections", "shop/s", "bare/s", "ratio", "shop p99 ms", "bare p99 ms"
    );
    for connections in CONNECTIONS {
        let (mut of_shop, mut of_bare) = (Round::default(), Round::default());
        for _ in 0..ROUNDS {
            of_shop.add(runtime.block_on(round(&shop.address, connections)));
            of_bare.add(runtime.block_on(round(&bare.address, connections)));
        }
        println!(
            "{connections:>12} {:>12.0} {:>12.0} {:>7.2} {:>14.2} {:>14.2}",
            of_shop.per_second(),
            of_bare.per_second(),
            of_shop.per_second() / of_bare.per_second(),
            of_shop.p99(),
            of_bare.p99()
        );
    }
    // A file in the folder for temporary ones harms nobody.
    let _ = std::fs::remove_file(&folder);
}

/// A server in a process of its own, ended with this value.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(command: &mut Command, says: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line =
            lines.find_map(|line| line.ok().filter(|line| line.starts_with(says))).expect("its address");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: line[says.len()..].to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        // It may have ended by itself.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

const BARE: &str = "BENCH_BARE_ANSWER";

/// Answers every request with the same bytes and headers, by axum alone.
fn bare() {
    let path = std::env::var_os(BARE).expect("a file");
    let sample = std::fs::read(path).expect("read");
    let end = head_end(&sample).expect("a head");
    let body = bytes::Bytes::from(sample[end..].to_vec());
    let mut headers = HeaderMap::new();
    for line in String::from_utf8_lossy(&sample[..end]).lines().skip(1) {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if !OWN.contains(&name) {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
    }
    let answer = move || {
        let (headers, body) = (headers.clone(), body.clone());
        async move { (headers, body).into_response() }
    };
    let router = axum::Router::new().route("/products/{slug}", axum::routing::get(answer));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("bare http://{}", listener.local_addr().expect("an address"));
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("set");
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let stream = hyper_util::rt::TokioIo::new(stream);
                // Whoever asked may go at any time.
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
            });
        }
    });
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn request(address: &str) -> String {
    format!("GET {PAGE} HTTP/1.1\r\nHost: {address}\r\nAccept-Language: en\r\n\r\n")
}

async fn first_answer(address: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    // The second is what everybody after the first one gets.
    read_answer(&mut stream, address).await;
    read_answer(&mut stream, address).await
}

async fn read_answer(stream: &mut TcpStream, address: &str) -> Vec<u8> {
    stream.write_all(request(address).as_bytes()).await.expect("sent");
    let mut answer = Vec::with_capacity(32 << 10);
    let mut whole = None;
    while whole.is_none_or(|length| answer.len() < length) {
        assert!(stream.read_buf(&mut answer).await.expect("read") > 0, "closed in the midst");
        if whole.is_none()
            && let Some(end) = head_end(&answer)
        {
            let head = String::from_utf8_lossy(&answer[..end]).into_owned();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            whole = Some(end + length.parse::<usize>().expect("a number"));
        }
    }
    answer
}

/// What some rounds came to.
#[derive(Default)]
struct Round {
    seconds: f64,
    /// How long each answer took, in milliseconds.
    took: Vec<f32>,
}

impl Round {
    fn add(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.took.extend(other.took);
    }

    fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.seconds
    }

    fn p99(&self) -> f32 {
        let mut sorted = self.took.clone();
        sorted.sort_by(f32::total_cmp);
        sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(0.0)
    }
}

async fn round(address: &str, connections: usize) -> Round {
    let begin = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..connections {
        let address = address.to_owned();
        clients.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(&address).await.expect("connected");
            stream.set_nodelay(true).expect("set");
            let mut took = Vec::new();
            while begin.elapsed() < ROUND {
                let asked = Instant::now();
                read_answer(&mut stream, &address).await;
                took.push(asked.elapsed().as_secs_f32() * 1000.0);
            }
            took
        }));
    }
    let mut all = Round::default();
    for client in clients {
        all.took.extend(client.await.expect("a client"));
    }
    all.seconds = begin.elapsed().as_secs_f64();
    all
}
