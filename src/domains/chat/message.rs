//! Messages: what is said in a conversation, numbered without gaps and never changed (000 §3.3).
use chrono::Duration;
use serde::{Deserialize, Serialize};

use crate::{
    domains::{
        chat::conversation::{self, Conversation, ConversationFilter},
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::{select::WordsIn, tables::chat::messages},
};

text_enum! {
    /// Who speaks.
    MessageRole {
        /// A person.
        User = "user",
        /// The language model.
        Assistant = "assistant",
        /// An instruction to the language model.
        System = "system",
        /// A tool that the language model called.
        Tool = "tool",
        /// An older name of `TOOL`, in imported messages.
        Function = "function",
    }
}

text_enum! {
    /// The form of what is said.
    MessageContentType {
        /// Text.
        Text = "text",
        /// A picture.
        Image = "image",
        /// A file.
        File = "file",
        /// The call of a function, as JSON.
        FunctionCall = "function_call",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(Pg))]
pub struct Message {
    pub id: Id<Message>,
    pub conversation_id: Id<Conversation>,
    pub seq: i64,
    pub role: MessageRole,
    pub content: String,
    pub content_type: MessageContentType,
    pub author_id: Option<Id<User>>,
    pub model_version: Option<String>,
    pub model_parameters: Json,
    pub prompt_tokens: i32,
    pub completion_tokens: i32,
    pub total_tokens: i32,
    pub estimated_cost: Decimal,
    pub latency_ms: Option<i32>,
    pub processing_started_at: Option<DateTime<Utc>>,
    pub processing_completed_at: Option<DateTime<Utc>>,
    pub parent_message_id: Option<Id<Message>>,
    pub context_used: Option<Json>,
    pub metadata: Json,
    pub created_at: DateTime<Utc>,
}

entity!(Message, "msg", chat::messages, needs "message.read", part conversation_id of Conversation);

impl Entity for Message {
    const SEARCHED: &'static [&'static str] = &["content"];
    const WORDS_IN: WordsIn = WordsIn::Messages;

    fn fields(message: &mut Fields<Self>) {
        columns! { message: Message {
            id, seq, role, content, content_type, model_version, model_parameters,
            prompt_tokens, completion_tokens, total_tokens, estimated_cost,
            latency_ms, processing_started_at, processing_completed_at, context_used, metadata, created_at,
        } keeps { conversation_id, author_id, parent_message_id } }
        message
            .one("conversation", |message| Some(message.conversation_id))
            .about_column("conversation_id")
            .required();
        message.one("author", |message| message.author_id).about_column("author_id");
        message.one("parentMessage", |message| message.parent_message_id).about_column("parent_message_id");
        message
            .children::<Message>("replies", messages::parent_message_id)
            .about("The messages that answer or replace this one.");
        message
            .aggregate()
            .sums(&["promptTokens", "completionTokens", "totalTokens", "estimatedCost"])
            .ranges(&["latencyMs", "createdAt"])
            .by(&["role", "contentType", "modelVersion", "author", "conversation"])
            .by_period(&["createdAt"]);
    }

    /// What was said in a conversation that is deleted comes back with it.
    fn living() -> Condition {
        Condition::Through {
            column: name(messages::conversation_id),
            table: Conversation::TABLE,
            condition: Box::new(Condition::ANYTHING.living::<Conversation>()),
        }
    }

    /// Who follows the conversation hears of it.
    fn topic(&self) -> Option<String> {
        Some(conversation::topic(self.conversation_id))
    }
}

filter! { MessageFilter for Message in messages {
    id: Compare<Id<Message>>,
    seq: Compare<i32>,
    role: Compare<MessageRole>,
    content: Compare<String>,
    content_type: Compare<MessageContentType>,
    created_at: Compare<DateTime<Utc>>,
    author: UserFilter => through author_id,
    conversation: ConversationFilter => through conversation_id,
    parent_message: MessageFilter => through parent_message_id,
    replies: Related<Message> => by messages::parent_message_id,
} }

order! { MessageOrder, MessageOrderField for Message {
    /// Its number in the conversation.
    Seq = seq,
    /// When it was written.
    CreatedAt = created_at,
} default [Seq Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Message>("message").about("A message by its id; null when there is none that you may see.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action(
            "messageSend",
            send,
            |payload| {
                payload
                    .edge("messageEdge", |payload| payload.result.map(|sent: MessageSent| sent.message))
                    .about("The message, with its place in `Conversation.messages`; null when nothing was sent.");
                payload
                    .one("conversation", |payload| payload.result.map(|sent| sent.conversation))
                    .about("The conversation as it is now; null when nothing was sent.");
            },
        )
        .needs("message.write")
        .about(
            "Says something in a conversation. Errors: REQUIRED, TOO_LONG, INVALID, NOT_FOUND, NOT_UNIQUE, STATE, \
             QUOTA_EXCEEDED.",
        );
}

/// The most characters a person's message may have.
const LONGEST: usize = 100_000;

/// Something to be said.
#[derive(InputObject)]
struct MessageSendInput {
    /// In which conversation; it has to be active.
    conversation_id: Id<Conversation>,
    /// What to say, 1 to 100,000 characters.
    content: String,
    /// A UUIDv7 made by the client just now, to show the message before it is sent: the same id is the same message,
    /// however often it is sent.
    id: Option<Id<Message>>,
    /// The message of the same conversation that this one answers or replaces.
    parent_message_id: Option<Id<Message>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct MessageSent {
    message: Id<Message>,
    conversation: Id<Conversation>,
}

/// The number is given by the database under the conversation's lock, together with its sums (B039, B045).
async fn send(write: &mut Write, input: MessageSendInput) -> Outcome<MessageSent> {
    let conversation = input.conversation_id;
    check_content(&input.content)?;
    if let Some(id) = input.id
        && let Some(sent) = sent_before(write, id, &input).await?
    {
        write.changed_nothing();
        return Ok(MessageSent { message: sent.id, conversation });
    }
    if let Some(parent) = input.parent_message_id {
        let found = find(write, parent).await?;
        if found.is_none_or(|found| found.conversation_id != conversation) {
            return Err(UserError::not_found(parent, &["input", "parentMessageId"]).into());
        }
    }
    let message = Changes::default()
        .set(messages::conversation_id, conversation)
        .set(messages::role, MessageRole::User)
        .set(messages::content, input.content)
        .set(messages::author_id, write.caller().user)
        .set(messages::parent_message_id, input.parent_message_id);
    let message = Message::insert(write, input.id.unwrap_or_else(Id::fresh), message)
        .await
        .map_err(|error| Stop::from(error).allowing(&["restore"]))?;
    let told = serde_json::json!({ "conversationId": conversation.0, "seq": message.seq });
    record::record(write, "created", None, Some(&message), told).await?;
    Ok(MessageSent { message: message.id, conversation })
}

fn check_content(content: &str) -> Outcome<()> {
    let (code, message) = if content.trim().is_empty() {
        (UserErrorCode::Required, say!("there is nothing to send: `content` is empty"))
    } else if content.chars().nth(LONGEST).is_some() {
        (UserErrorCode::TooLong, say!("`content` has more than 100,000 characters"))
    } else if content.contains('\0') {
        (UserErrorCode::Invalid, say!("`content` contains the character NUL, which text does not have"))
    } else {
        return Ok(());
    };
    Err(UserError::new(code, message, &["input", "content"]).into())
}

/// The message that the client's own id stands for, if it was sent already.
async fn sent_before(
    write: &mut Write,
    id: Id<Message>,
    input: &MessageSendInput,
) -> Outcome<Option<Message>> {
    let refuse = |code, message| Err(UserError::new(code, message, &["input", "id"]).into());
    if !is_recent(id) {
        return refuse(
            UserErrorCode::Invalid,
            say!("`id` has to be a UUIDv7 made within the last or next day"),
        );
    }
    // whoever sends the same id at the same time waits here until the first is done
    record::find(write, input.conversation_id, &["input", "conversationId"]).await?;
    match find(write, id).await? {
        Some(sent) if !sent.says_the_same(input, write.caller().user) => {
            refuse(UserErrorCode::NotUnique, say!("`id` is taken: another message has it"))
        }
        sent => Ok(sent),
    }
}

impl Message {
    fn says_the_same(&self, input: &MessageSendInput, author: Option<uuid::Uuid>) -> bool {
        self.conversation_id == input.conversation_id
            && self.content == input.content
            && self.parent_message_id == input.parent_message_id
            && self.author_id == author.map(Id::of)
    }
}

/// Whether the id holds a time of about now: messages are stored by the time in their ids.
fn is_recent(id: Id<Message>) -> bool {
    let made = id.0.get_timestamp().and_then(|made| {
        let (seconds, nanoseconds) = made.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
    });
    id.0.get_version_num() == 7 && made.is_some_and(|made| (clock::now() - made).abs() < Duration::days(1))
}

/// A message; it needs no lock, since it never changes.
async fn find(write: &mut Write, id: Id<Message>) -> Outcome<Option<Message>> {
    let found = messages::table
        .find((write.organization(), id))
        .select(Message::as_select())
        .first(&mut **write)
        .await
        .optional()?;
    Ok(found)
}
