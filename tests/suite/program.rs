//! The real program: started, asked over TCP, stopped or killed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::page::{Form, Page, header, keep_cookies, read_head};

/// Runs a verb to its end. Keys go into `home`, which stands for the user's folders.
pub fn tuckshop(home: &Path, arguments: &[&str]) -> Output {
    command(home, arguments).output().expect("the program runs")
}

/// Runs a verb that asks: once it has printed a line that begins with `asks`, `answer` is told all that
/// was printed and says what is typed.
pub fn tuckshop_typing(
    home: &Path,
    arguments: &[&str],
    asks: &str,
    answer: impl FnOnce(&str) -> String,
) -> (i32, String) {
    let mut child = command(home, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program starts");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut printed = String::new();
    while !printed.lines().last().is_some_and(|line| line.starts_with(asks)) {
        assert!(out.read_line(&mut printed).expect("readable") > 0, "it never asked: {printed}");
    }
    let typed = answer(&printed);
    child.stdin.take().expect("piped").write_all(typed.as_bytes()).expect("typed");
    out.read_to_string(&mut printed).expect("readable");
    (child.wait().expect("gone").code().unwrap_or(-1), printed)
}

/// Runs the program to its end with this on its standard input.
pub fn tuckshop_told(home: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(home, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may end without reading.
    drop(child.stdin.take().expect("piped").write_all(input.as_bytes()));
    child.wait_with_output().expect("gone")
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tuckshop"));
    command
        .args(arguments)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("TUCKSHOP_OWNER_PASSWORD", "a quiet river bends twice")
        .env("TUCKSHOP_STAFF_PASSWORD", "four copper bells ring")
        .stdin(Stdio::null());
    command
}

/// Whether the long tests were asked for (`tests/run --full`).
pub fn full() -> bool {
    std::env::var_os("FULL_TESTS").is_some()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An open shop in a process of its own.
pub struct Running {
    child: Child,
    /// The lines it printed until it was open.
    pub lines: Vec<String>,
    pub address: String,
}

impl Running {
    /// Starts a verb and waits until it prints a line that begins with `ready`.
    pub fn start(home: &Path, arguments: &[&str], ready: &str) -> Self {
        Self::start_command(command(home, arguments).stderr(Stdio::inherit()), ready)
    }

    /// A demo in the folder `shop`, as talkative as it can be, its stderr going to a file.
    pub fn talkative_demo(home: &Path, stderr: &Path) -> Self {
        let file = std::fs::File::create(stderr).expect("a file");
        let dir = home.join("shop").display().to_string();
        let arguments =
            ["demo", "--data-dir", &dir, "--listen", "127.0.0.1:0", "--orders", "0", "--products", "5"];
        let mut command = command(home, &arguments);
        // A proxy on this machine is believed, so that a visitor can come from anywhere.
        command.env("TUCKSHOP_LOG__LEVEL", "trace").env("TUCKSHOP_SITE__TRUSTED_PROXIES", "127.0.0.1");
        Self::start_command(command.stderr(file), "Backup identity:")
    }

    fn start_command(command: &mut Command, ready: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).expect("readable") > 0, "it ended: {lines:?}");
            lines.push(line.trim_end().to_owned());
            if line.starts_with(ready) {
                break;
            }
        }
        // Whatever it prints later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let url = lines.iter().find_map(|line| line.split_whitespace().find(|word| word.starts_with("http")));
        let address = url
            .expect("an address")
            .trim_start_matches("http://")
            .trim_start_matches("https://")
            .split('/')
            .next()
            .expect("a host");
        Self { child, address: address.to_owned(), lines }
    }

    /// What a line with this label says.
    pub fn said(&self, label: &str) -> String {
        let found = self.lines.iter().find_map(|line| line.strip_prefix(label));
        found.unwrap_or_else(|| panic!("no {label} in {:?}", self.lines)).trim().to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(self) {
        self.kill_now();
    }

    /// kill -9, without waiting until it is gone; that is waited for when this is dropped.
    pub fn kill_now(&self) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL)
            .expect("killed");
    }

    /// Asks it to stop and waits.
    pub fn stop(mut self) -> i32 {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM)
            .expect("told");
        self.child.wait().expect("gone").code().unwrap_or(-1)
    }

    pub fn visitor(&self) -> Remote {
        Remote { address: self.address.clone(), cookies: BTreeMap::new(), from: None }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves no process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser over TCP.
#[derive(Clone)]
pub struct Remote {
    pub address: String,
    pub cookies: BTreeMap<String, String>,
    /// The network address that a proxy says it comes from.
    pub from: Option<&'static str>,
}

impl Remote {
    pub fn get(&mut self, path: &str) -> std::io::Result<Page> {
        self.send("GET", path, "")
    }

    pub fn submit(&mut self, form: &Form) -> std::io::Result<Page> {
        let fields = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", &form.action, &body)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Page> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let from = self.from.map_or(String::new(), |from| format!("X-Forwarded-For: {from}\r\n"));
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept-Language: en\r\nCookie: {}\r\n{from}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            cookies.join("; "),
            body.len()
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        self.read(path, &answer)
    }

    fn read(&mut self, path: &str, answer: &[u8]) -> std::io::Result<Page> {
        let broken = || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "half an answer");
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(broken)?;
        let head = text(&answer[..end]);
        let (status, headers) = read_head(&head).ok_or_else(broken)?;
        let body = if header(&headers, "transfer-encoding").is_some() {
            unchunk(&answer[end + 4..]).ok_or_else(broken)?
        } else {
            answer[end + 4..].to_vec()
        };
        let length = header(&headers, "content-length").and_then(|length| length.parse().ok());
        if length.is_some_and(|length: usize| length != body.len()) {
            return Err(broken());
        }
        keep_cookies(&headers, &mut self.cookies);
        let location = header(&headers, "location").map(str::to_owned);
        Ok(Page { status, location, headers, body: text(&body), bytes: body, path: path.to_owned() })
    }
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?.trim(), 16).ok()?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size + 2..)?;
    }
}
