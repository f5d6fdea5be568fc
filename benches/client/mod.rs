//! A shop in a process of its own, and shoppers who ask it over real HTTP.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[path = "../../tests/suite/page.rs"]
#[expect(dead_code, reason = "the pages of the tests can do more than is asked of them here")]
mod page;

pub use page::{Form, Page};
use page::{header, keep_cookies, read_head};

pub const PASSWORD: &str = "seven blue lanterns hang";

/// The program on a data dir.
pub fn tuckshop(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tuckshop"));
    command.arg("--data-dir").arg(dir).stderr(Stdio::null());
    command
}

/// The shop in a process of its own.
pub struct Shop {
    child: Child,
    pub address: String,
    /// Email and password of the owner, where the dir was made just now.
    pub owner: Option<(String, String)>,
}

impl Shop {
    /// Opens the demo on a dir and waits until it says that it is open.
    pub fn start(dir: &Path, products: usize, orders: usize) -> Self {
        let (products, orders) = (products.to_string(), orders.to_string());
        let mut child = tuckshop(dir)
            .args(["demo", "--orders", &orders, "--products", &products, "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let (mut address, mut owner) = (None, None);
        for line in lines.by_ref().map_while(Result::ok) {
            address = line.strip_prefix("Shop: http://").map(str::to_owned).or(address);
            let named = line.strip_prefix("Owner: ").and_then(|rest| rest.split_once(' '));
            owner = named.map(|(email, word)| (email.to_owned(), word.to_owned())).or(owner);
            if line.starts_with("Outbox") {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("an address"), owner }
    }

    /// Brings in something to buy that never runs out.
    pub fn stock_up(&self, dir: &Path) {
        let goods = dir.with_extension("csv");
        std::fs::write(&goods, "handle,title,price,stock\nbench-mug,Bench mug,49.50,900000\n")
            .expect("written");
        let import = tuckshop(dir).args(["products", "import"]).arg(&goods).stdout(Stdio::null()).status();
        assert!(import.expect("it runs").success(), "the goods did not come in");
    }

    pub fn visitor(&self) -> Shopper {
        Shopper {
            address: self.address.clone(),
            stream: None,
            cookies: BTreeMap::new(),
            cart: None,
            checkout: None,
        }
    }

    /// Bytes of memory that the shop holds.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("read");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("there");
        1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
    }

    /// Seconds of processor that the shop has used so far.
    pub fn processor_time(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("read");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks: f64 =
            fields[11].parse::<f64>().expect("a number") + fields[12].parse::<f64>().expect("a number");
        // The kernel counts in hundredths of a second for every program.
        ticks / 100.0
    }

    pub fn register(&self, number: usize) -> Shopper {
        let mut shopper = self.visitor();
        let email = format!("bench-{number}@example.com");
        let form = shopper.get("/register").form("/register");
        let form = form.with("account", &format!("bench-{number}")).with("contact", &email);
        shopper.submit(&form.with("password", PASSWORD).with("agree", "on"));
        let code = loop {
            let letters: serde_json::Value =
                serde_json::from_str(&shopper.get("/demo/outbox.json").body).expect("JSON");
            let own = letters.as_array().into_iter().flatten().find(|letter| letter["to"] == email.as_str());
            let words = own.and_then(|letter| letter["body"].as_str()).unwrap_or("");
            let is_code = |word: &&str| word.len() == 6;
            if let Some(code) = words.split(|c: char| !c.is_ascii_digit()).find(is_code) {
                break code.to_owned();
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let form = shopper.get("/register/verify").form("/register/verify");
        assert_eq!(shopper.submit(&form.with("code", &code)).status, 303, "{email}");
        shopper
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        // It may have ended by itself.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

/// A browser with one connection that stays open.
pub struct Shopper {
    address: String,
    stream: Option<TcpStream>,
    cookies: BTreeMap<String, String>,
    /// The forms of cart and checkout, filled in.
    cart: Option<Form>,
    checkout: Option<Form>,
}

impl Shopper {
    /// One whole order; false if any step of it went wrong. What the forms hold is read once: on one
    /// machine with the shop, a browser that takes each page apart would be measured instead.
    pub fn order(&mut self) -> bool {
        let page = self.get("/products/bench-mug");
        let Some(form) = self.cart.take().or_else(|| {
            let form = page.forms().into_iter().find(|form| form.action == "/cart/items");
            form.map(|form| form.with("quantity", "1"))
        }) else {
            return false;
        };
        if page.status != 200 || self.submit(&form).status != 303 {
            return false;
        }
        self.cart = Some(form);
        let page = self.get("/checkout");
        let (Some(form), Some(key)) = (self.checkout.take().or_else(|| filled(&page)), hidden(&page, "key"))
        else {
            return false;
        };
        let form = form.with("key", &key);
        let answer = self.submit(&form);
        self.checkout = Some(form);
        let Some(order) =
            answer.location.filter(|to| answer.status == 303 && to.starts_with("/account/orders/"))
        else {
            return false;
        };
        self.get(&order).status == 200
    }

    pub fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "")
    }

    pub fn submit(&mut self, form: &Form) -> Page {
        let fields = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", &form.action, &body)
    }

    /// Asks on the open connection, or on a new one where the shop has closed it for its idleness.
    fn ask(&mut self, request: &str) -> (TcpStream, Page) {
        loop {
            let mut stream = self.stream.take().unwrap_or_else(|| {
                let stream = TcpStream::connect(&self.address).expect("connected");
                stream.set_nodelay(true).expect("set");
                stream
            });
            if stream.write_all(request.as_bytes()).is_ok()
                && let Some(answer) = read_answer(&mut stream)
            {
                return (stream, answer);
            }
        }
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept-Language: en\r\nCookie: {}\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            cookies.join("; "),
            body.len()
        );
        let (stream, answer) = self.ask(&request);
        self.stream = Some(stream);
        keep_cookies(&answer.headers, &mut self.cookies);
        Page { path: path.to_owned(), ..answer }
    }
}

/// The checkout's form with where to and how.
fn filled(page: &Page) -> Option<Form> {
    let form = page.forms().into_iter().find(|form| form.action == "/checkout")?;
    let fields = [
        ("address", "new"),
        ("name", "王小明"),
        ("phone", "13900001234"),
        ("country", "CN"),
        ("region", "浙江省"),
        ("city", "杭州市"),
        ("district", "西湖区"),
        ("street", "文三路 99 号"),
        ("delivery", "flat"),
        ("payment", "cod"),
        ("invoice_kind", "none"),
    ];
    Some(fields.into_iter().fold(form, |form, (name, value)| form.with(name, value)))
}

/// The value of a hidden field.
fn hidden(page: &Page, name: &str) -> Option<String> {
    let (_, rest) = page.body.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Reads one answer; `None` if the connection was closed before it began.
fn read_answer(stream: &mut TcpStream) -> Option<Page> {
    let mut bytes = Vec::with_capacity(32 << 10);
    let mut piece = [0; 16 << 10];
    let first = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
    bytes.extend_from_slice(&piece[..first]);
    let mut more = |bytes: &mut Vec<u8>| {
        let count = stream.read(&mut piece).expect("read");
        assert!(count > 0, "closed in the midst");
        bytes.extend_from_slice(&piece[..count]);
    };
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(&mut bytes);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let (status, headers) = read_head(&head).expect("a status");
    let length: usize =
        header(&headers, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        more(&mut bytes);
    }
    let location = header(&headers, "location").map(str::to_owned);
    let bytes = bytes.split_off(end);
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Some(Page { status, location, headers, body, bytes, path: String::new() })
}
