//! Subscribers: whether each is told everything once and in order, how long it takes, and what a socket costs.
use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt, future::try_join_all};
use memchr::memmem;
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::{
    data::Data,
    figures::{Watched, memory, quantile},
    system::{System, Way},
    work::{ALL, Turn, id},
};

/// So many sockets, on so many conversations, while so many messages are sent each second.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub name: &'static str,
    pub sockets: usize,
    pub conversations: usize,
    pub rate: usize,
}

pub const CROWDS: [Crowd; 2] = [
    Crowd { name: "S1", sockets: 1_000, conversations: 100, rate: 200 },
    Crowd { name: "S2", sockets: 200, conversations: 1, rate: 100 },
];

/// Connections that send.
const SENDERS: usize = 16;

/// What became of one message.
#[derive(Clone, Copy)]
struct Sent {
    conversation: usize,
    asked: Instant,
    /// When its sender knew that it was committed.
    answered: Option<Instant>,
}

pub struct Told {
    pub crowd: Crowd,
    pub messages: usize,
    pub deliveries: usize,
    pub lost: usize,
    pub doubled: usize,
    pub disordered: usize,
    /// Milliseconds from the answer to the sender, and from its question, to the socket.
    pub p50: f64,
    pub p99: f64,
    pub p99_asked: f64,
    /// Milliseconds of processor time for each delivery.
    pub server: f64,
    pub postgres: f64,
    pub load: f64,
    /// Megabytes, before and with the sockets, and at most.
    pub before: f64,
    pub with: f64,
    pub peak: f64,
}

type Socket = WebSocketStream<TcpStream>;

pub async fn run(
    crowd: Crowd,
    system: &System,
    address: &str,
    data: &Data,
    lasts: Duration,
    watched: Watched,
) -> Result<Told> {
    let process = system.process.context("a server has a process")?;
    let (turn, conversations) = data.talk();
    let conversations = conversations.get(..crowd.conversations).context("too few conversations")?;
    watched.forget_peak();
    let before = memory(process, "VmRSS:");
    let mut sockets = Vec::new();
    for number in 0..crowd.sockets {
        let conversation = conversations[number % conversations.len()];
        sockets
            .push(subscribe(address, &turn, conversation).await.with_context(|| format!("socket {number}"))?);
    }
    let with = memory(process, "VmRSS:");
    let total = (crowd.rate as f64 * lasts.as_secs_f64()) as usize;
    let sent = RefCell::new(vec![None::<Sent>; total]);
    let used = watched.used()?;
    let end = Instant::now() + lasts + Duration::from_secs(15);
    let listening = try_join_all(sockets.into_iter().enumerate().map(|(number, socket)| {
        let expected = (0..total)
            .filter(|message| message % conversations.len() == number % conversations.len())
            .count();
        hear(socket, expected, end)
    }));
    let (heard, ()) = tokio::try_join!(listening, send(crowd, system, &turn, conversations, &sent))?;
    let after = watched.used()?;
    let sent = sent.into_inner();
    let mut told = Told {
        crowd,
        messages: total,
        deliveries: 0,
        lost: 0,
        doubled: 0,
        disordered: 0,
        p50: 0.0,
        p99: 0.0,
        p99_asked: 0.0,
        server: 0.0,
        postgres: 0.0,
        load: 0.0,
        before,
        with,
        peak: watched.peak(),
    };
    let (mut since_answer, mut since_question) = (Vec::new(), Vec::new());
    for (number, heard) in heard.iter().enumerate() {
        let mut times = vec![0_usize; total];
        told.disordered += heard.windows(2).filter(|pair| pair[1].seq <= pair[0].seq).count();
        for one in heard {
            let message = sent.get(one.message).copied().flatten().context("a message that nobody sent")?;
            times[one.message] += 1;
            let micros = |from: Instant| {
                u32::try_from(one.at.saturating_duration_since(from).as_micros()).unwrap_or(u32::MAX)
            };
            since_answer.push(micros(message.answered.unwrap_or(message.asked)));
            since_question.push(micros(message.asked));
        }
        for (message, times) in times.into_iter().enumerate() {
            let due = sent[message].is_some_and(|sent| sent.conversation == number % conversations.len());
            told.lost += usize::from(due && times == 0);
            told.doubled += if due { times.saturating_sub(1) } else { times };
        }
    }
    since_answer.sort_unstable();
    since_question.sort_unstable();
    told.deliveries = since_answer.len();
    told.p50 = quantile(&since_answer, 0.5);
    told.p99 = quantile(&since_answer, 0.99);
    told.p99_asked = quantile(&since_question, 0.99);
    let each = |after: Duration, before: Duration| {
        (after - before).as_secs_f64() * 1_000.0 / told.deliveries.max(1) as f64
    };
    told.server = each(after.server, used.server);
    told.postgres = each(after.postgres, used.postgres);
    told.load = each(after.load, used.load);
    Ok(told)
}

async fn subscribe(address: &str, turn: &Turn, conversation: uuid::Uuid) -> Result<Socket> {
    let mut request = format!("ws://{address}/graphql").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(request, stream).await?;
    let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", turn.token) } });
    socket.send(Message::text(init.to_string())).await?;
    let answer = socket.next().await.context("closed at once")??;
    ensure!(answer.to_text()?.contains("connection_ack"), "{answer}");
    let query = "subscription S($in: [ID!]) { conversationEvents(conversationIds: $in) { __typename ... on MessageCreated { message { id seq content } } } }";
    let variables = json!({ "in": [id("conv", conversation)] });
    let ask =
        json!({ "id": "1", "type": "subscribe", "payload": { "query": query, "variables": variables } });
    socket.send(Message::text(ask.to_string())).await?;
    let opened = socket.next().await.context("closed at once")??;
    ensure!(opened.to_text()?.contains("StreamOpened"), "{opened}");
    Ok(socket)
}

struct Heard {
    message: usize,
    seq: u64,
    at: Instant,
}

/// Listens until everything has come, and a little longer for what should not.
async fn hear(mut socket: Socket, expected: usize, end: Instant) -> Result<Vec<Heard>> {
    let mut heard: Vec<Heard> = Vec::with_capacity(expected);
    loop {
        let patience = if heard.len() < expected { end } else { Instant::now() + Duration::from_secs(1) };
        let Ok(next) = timeout(patience.saturating_duration_since(Instant::now()), socket.next()).await
        else {
            return Ok(heard);
        };
        let message = next.context("the server closed a socket")??;
        let Message::Text(text) = message else { continue };
        let at = Instant::now();
        let text = text.as_bytes();
        if memmem::find(text, b"\"errors\"").is_some() || memmem::find(text, b"\"type\":\"error\"").is_some()
        {
            bail!("a subscriber was told: {}", String::from_utf8_lossy(text));
        }
        let number = |before: &[u8]| {
            let from = memmem::find(text, before)? + before.len();
            let digits = text[from..].iter().take_while(|byte| byte.is_ascii_digit());
            digits.fold(None, |number, digit| Some(number.unwrap_or(0) * 10 + u64::from(digit - b'0')))
        };
        if let (Some(message), Some(seq)) = (number(b"Number "), number(b"\"seq\":\"")) {
            heard.push(Heard { message: message as usize, seq, at });
        }
    }
}

/// Sends at an even pace, whatever the answers take.
async fn send(
    crowd: Crowd,
    system: &System,
    turn: &Turn,
    conversations: &[uuid::Uuid],
    sent: &RefCell<Vec<Option<Sent>>>,
) -> Result<()> {
    let work = ALL.iter().find(|work| work.name == "M1").context("messages can be sent")?;
    let total = sent.borrow().len();
    let begin = Instant::now();
    try_join_all((0..SENDERS).map(|sender| async move {
        let mut way: Way<'_> = system.way(sender).await?;
        for number in (sender..total).step_by(SENDERS) {
            let due = begin + Duration::from_secs_f64(number as f64 / crowd.rate as f64);
            tokio::time::sleep_until(due.into()).await;
            let conversation = number % conversations.len();
            let text = format!(
                "Number {number} of what is sent. {}",
                "What was said fills a few lines. ".repeat(11)
            );
            let turn = Turn { key: conversations[conversation], text, ..turn.clone() };
            let asked = Instant::now();
            sent.borrow_mut()[number] = Some(Sent { conversation, asked, answered: None });
            way.ask(work, &turn).await?;
            if let Some(sent) = &mut sent.borrow_mut()[number] {
                sent.answered = Some(Instant::now());
            }
        }
        anyhow::Ok(())
    }))
    .await
    .map(drop)
}
