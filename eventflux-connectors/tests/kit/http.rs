//! A real HTTP server that keeps what it is sent and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
    /// What was answered.
    pub status: u16,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// An answer: status, headers, body.
pub type Answer = (u16, &'static [(&'static str, &'static str)], &'static str);

#[derive(Default)]
struct Book {
    requests: Vec<Request>,
    answers: VecDeque<Answer>,
}

/// A server on a port of its own, as long as the runtime lives.
#[derive(Clone)]
pub struct HttpServer {
    pub url: String,
    book: Arc<Mutex<Book>>,
}

impl HttpServer {
    pub async fn start() -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&book));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/rows", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, book }
    }

    /// What the next requests are answered; those behind them get 200.
    pub fn answer(&self, answers: &[Answer]) {
        self.book.lock().unwrap().answers.extend(answers);
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.book.lock().unwrap().requests.clone()
    }

    /// The bodies that were taken, as a receiver sees them that leaves out keys it has seen.
    pub fn taken(&self) -> Vec<Request> {
        let mut keys = std::collections::HashSet::new();
        let mut taken = self.requests();
        taken.retain(|request| request.status < 300);
        taken.retain(|request| match request.header("idempotency-key") {
            Some(key) => keys.insert(key.to_owned()),
            None => true,
        });
        taken
    }

    /// Their lines without those of headers.
    pub fn lines(&self) -> Vec<String> {
        let lines = |request: Request| {
            let lines: Vec<_> = request.body.lines().map(str::to_owned).collect();
            lines
        };
        let lines = self.taken().into_iter().flat_map(lines);
        lines.filter(|line| !line.starts_with('#')).collect()
    }
}

async fn answer(
    State(book): State<Arc<Mutex<Book>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut book = book.lock().unwrap();
    let (status, with, text) = book.answers.pop_front().unwrap_or((200, &[], ""));
    book.requests.push(Request {
        method,
        path: uri.to_string(),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        status,
    });
    let mut response = (StatusCode::from_u16(status).unwrap(), text).into_response();
    for (name, value) in with {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}
