//! Requests, byte by byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

/// What a request was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    /// Asserts the status; shows the answer if it is another.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Asserts that it is a problem, and gives its code and message.
    #[track_caller]
    pub fn problem(&self) -> (String, String) {
        let problem = self.json();
        let text = |name: &str| {
            problem[name]
                .as_str()
                .unwrap_or_else(|| panic!("{problem}"))
                .to_owned()
        };
        (text("code"), text("message"))
    }
}

/// Asks with these header lines and this body; its length is said.
pub fn ask(address: SocketAddr, request: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut text = format!(
        "{request} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    if !headers
        .iter()
        .any(|header| header.to_lowercase().starts_with("host:"))
    {
        text.push_str(&format!("Host: {address}\r\n"));
    }
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    // Who does not want the body answers before all of it is there.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{request}: {answer:?}"));
    Answer {
        status: head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap(),
        body: body.to_owned(),
    }
}

pub fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, &format!("GET {path}"), &[], &[])
}

pub fn post(address: SocketAddr, path: &str, body: &Value) -> Answer {
    let json = "Content-Type: application/json";
    ask(
        address,
        &format!("POST {path}"),
        &[json],
        body.to_string().as_bytes(),
    )
}
