//! Just enough of HTTP/1.1 to ask and read an answer on a connection that stays open, for as little work as possible:
//! the load generator shares its processors with what it measures.
use anyhow::{Context, Result, bail};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("{address} does not answer"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(256 * 1024) })
    }

    /// Sends a whole request and gives the body of the answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head])?;
        if !text.starts_with("HTTP/1.1 200") {
            let status = text.lines().next().unwrap_or_default().to_owned();
            bail!("{status}: {}", String::from_utf8_lossy(&self.buffer[head..]));
        }
        let header = |name: &str| {
            let line = text
                .lines()
                .find(|line| line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name))?;
            Some(line[name.len()..].trim_start_matches(':').trim())
        };
        match header("content-length") {
            Some(length) => {
                let end = head + length.parse::<usize>()?;
                while self.buffer.len() < end {
                    self.more().await?;
                }
                Ok(&self.buffer[head..end])
            }
            None => {
                while !self.buffer.ends_with(b"0\r\n\r\n") {
                    self.more().await?;
                }
                self.unchunk(head)
            }
        }
    }

    /// Joins the parts of an answer whose length was not known before.
    fn unchunk(&mut self, head: usize) -> Result<&[u8]> {
        let (mut from, mut to) = (head, head);
        loop {
            let line = memmem::find(&self.buffer[from..], b"\r\n").context("a part without its length")?;
            let length =
                usize::from_str_radix(std::str::from_utf8(&self.buffer[from..from + line])?.trim(), 16)?;
            from += line + 2;
            if length == 0 {
                return Ok(&self.buffer[head..to]);
            }
            self.buffer.copy_within(from..from + length, to);
            to += length;
            from += length + 2;
        }
    }

    async fn more(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the connection was closed in the middle of an answer");
        }
        Ok(())
    }
}

/// A request with this body; `who` are the headers that say who asks, each with the end of its line.
pub fn request(path: &str, who: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{who}content-type: application/json\r\n\
         accept: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
