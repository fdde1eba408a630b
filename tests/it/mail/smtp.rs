//! A small SMTP server of the test's own, which takes what it is told to take and remembers it.
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    pub from: String,
    pub to: String,
    /// Header and body.
    pub text: String,
}

#[derive(Clone)]
pub struct Smtp {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    /// What it says to recipients, in this order; to all others that they are welcome.
    answers: Arc<Mutex<Vec<&'static str>>>,
}

impl Smtp {
    /// A server that says these to the first who are written to.
    pub async fn saying(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            answers: Arc::new(Mutex::new(answers.iter().rev().copied().collect())),
        };
        let server = smtp.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.talk(stream).await });
            }
        });
        smtp
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    async fn talk(&self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut mail = Received { from: String::new(), to: String::new(), text: String::new() };
        write.write_all(b"220 test\r\n").await.ok()?;
        while let Some(line) = lines.next_line().await.ok()? {
            let answer = match line.split_whitespace().next().unwrap_or_default().to_uppercase().as_str() {
                "EHLO" => "250-test\r\n250 8BITMIME".to_owned(),
                "MAIL" => {
                    mail.from = between(&line);
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    mail.to = between(&line);
                    self.answers.lock().unwrap().pop().unwrap_or("250 ok").to_owned()
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    mail.text.clear();
                    while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                        mail.text += &(line + "\n");
                    }
                    self.received.lock().unwrap().push(mail.clone());
                    "250 taken".to_owned()
                }
                "QUIT" => return None,
                _ => "250 ok".to_owned(),
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
        None
    }
}

/// What stands between `<` and `>`.
fn between(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(inner, _)| inner).to_owned()
}
