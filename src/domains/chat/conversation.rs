//! Conversations: what a person talks over with the assistant, and with colleagues who take part (000 §3.3).
use crate::{
    domains::{
        chat::{conversation_share::ConversationShare, message::Message},
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::{
        grants::ALL_CONVERSATIONS,
        tables::chat::{conversation_shares, conversations, messages},
    },
};

text_enum! {
    /// What a conversation is for.
    ConversationType {
        /// Talking things over.
        Chat = "chat",
        /// Looking into data.
        Analysis = "analysis",
        /// Having something written.
        Generation = "generation",
    }
}

text_enum! {
    /// Whether a conversation goes on.
    ConversationStatus {
        /// It takes messages.
        Active = "active",
        /// It is kept to be read.
        Archived = "archived",
        /// It is gone until restored.
        Deleted = "deleted",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = conversations, check_for_backend(Pg))]
pub struct Conversation {
    pub id: Id<Conversation>,
    pub user_id: Id<User>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub summary: Option<String>,
    pub conversation_type: ConversationType,
    pub context: Json,
    pub system_prompt: Option<String>,
    pub status: ConversationStatus,
    pub model_parameters: Json,
    pub message_count: i32,
    pub total_tokens: i64,
    pub total_cost: Decimal,
    pub last_message_at: Option<DateTime<Utc>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
}

entity!(Conversation, "conv", chat::conversations, needs "conversation.read", version revision, deleted deleted_at);

impl Entity for Conversation {
    const SEARCHED: &'static [&'static str] = &["title", "summary", "description"];

    fn fields(conversation: &mut Fields<Self>) {
        columns! { conversation: Conversation {
            id, title, description, summary, conversation_type, context, system_prompt, status, model_parameters,
            message_count, total_tokens, total_cost, last_message_at,
            revision as "version", created_at, updated_at, archived_at, deleted_at,
        } keeps { user_id } }
        conversation
            .one("user", |conversation| Some(conversation.user_id))
            .about_column("user_id")
            .required();
        conversation.children::<Message>("messages", messages::conversation_id).about(
            "What was said, in the order it was said unless ordered otherwise; `last: 10` is the newest ten.",
        );
        conversation
            .children::<ConversationShare>("shares", conversation_shares::conversation_id)
            .about("With whom it is shared, the latest first unless ordered otherwise; who is let in sees their own share alone.");
        conversation
            .aggregate()
            .sums(&["messageCount", "totalTokens", "totalCost"])
            .ranges(&["lastMessageAt", "createdAt"])
            .by(&["conversationType", "status", "user"])
            .by_period(&["createdAt", "lastMessageAt"]);
    }

    /// Who follows the conversation hears of it.
    fn topic(&self) -> Option<String> {
        Some(topic(self.id))
    }

    /// Who is let in to read changes nothing, and says nothing.
    fn bars(&self, permission: &str, caller: &Caller, grants: &Grants) -> bool {
        let is_own = caller.user == Some(self.user_id.0);
        match permission {
            "conversation.share" => !is_own,
            read if read.ends_with(".read") => false,
            _ => !is_own && !grants.hold(ALL_CONVERSATIONS),
        }
    }
}

filter! { ConversationFilter for Conversation in conversations {
    id: Compare<Id<Conversation>>,
    title: Compare<String>,
    conversation_type: Compare<ConversationType>,
    status: Compare<ConversationStatus>,
    message_count: Compare<i32>,
    last_message_at: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    updated_at: Compare<DateTime<Utc>>,
    user: UserFilter => through user_id,
    messages: Related<Message> => by messages::conversation_id,
    shares: Related<ConversationShare> => by conversation_shares::conversation_id,
} }

order! { ConversationOrder, ConversationOrderField for Conversation {
    /// When it was started.
    CreatedAt = created_at,
    /// When it was changed last; messages do not count as a change.
    UpdatedAt = updated_at,
    /// When its newest message was written.
    LastMessageAt = last_message_at,
    /// How many messages it has.
    MessageCount = message_count,
    /// Its title.
    Title = title,
    /// The name of the person whose it is.
    UserName = user_id -> User.display_name,
} default [CreatedAt Desc] }

/// What subscribers of one conversation listen to.
pub fn topic(conversation: Id<Conversation>) -> String {
    format!("conversation:{}", conversation.0)
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<Conversation>("conversation")
        .about("A conversation by its id; null when there is none that you may see.");
    query
        .list::<Conversation>("conversations")
        .about("Your conversations and those shared with you, newest first unless ordered otherwise; all others too where you hold `conversation.read_all`.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("conversationCreate", create)
        .needs("conversation.write")
        .about("Starts a conversation, which is yours. Errors: INVALID, REQUIRED.");
    mutations
        .change("conversationUpdate", update)
        .needs("conversation.write")
        .about("Changes what a conversation is called and how it is led. Errors: INVALID, NOT_FOUND, CONFLICT, STATE.");
    mutations
        .change("conversationArchive", archive)
        .needs("conversation.write")
        .about("Ends a conversation, which is kept to be read. Errors: NOT_FOUND, CONFLICT, STATE.");
    mutations
        .change("conversationRestore", restore)
        .needs("conversation.write")
        .about("Takes up an archived or deleted conversation again. Errors: NOT_FOUND, CONFLICT, STATE.");
    mutations
        .change("conversationDelete", delete)
        .needs("conversation.delete")
        .about("Deletes a conversation; it can be restored. Errors: NOT_FOUND, CONFLICT, STATE.");
}

/// A conversation to be started.
#[derive(InputObject)]
struct ConversationCreateInput {
    /// What to call it.
    title: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// What it is for; `CHAT` when absent.
    conversation_type: Option<ConversationType>,
    /// What the assistant should know beforehand.
    context: Option<Json>,
    /// What the assistant should keep to throughout.
    system_prompt: Option<String>,
    /// How the language model is set, its temperature for example.
    model_parameters: Option<Json>,
}

async fn create(write: &mut Write, input: ConversationCreateInput) -> Outcome<Id<Conversation>> {
    let Some(person) = write.caller().user else {
        let message = say!("a conversation belongs to the person who starts it: sign in as one");
        return Err(UserError::new(UserErrorCode::Required, message, &["input"]).into());
    };
    let conversation = Changes::default()
        .set(conversations::user_id, person)
        .set(conversations::title, input.title)
        .set(conversations::description, input.description)
        .given(conversations::conversation_type, input.conversation_type)
        .given(conversations::context, input.context)
        .set(conversations::system_prompt, input.system_prompt)
        .given(conversations::model_parameters, input.model_parameters);
    record::create(write, conversation).await
}

/// What to change of a conversation. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct ConversationUpdateInput {
    /// Which conversation.
    id: Id<Conversation>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What to call it.
    title: MaybeUndefined<String>,
    /// What it is about.
    description: MaybeUndefined<String>,
    /// What was said so far, in short.
    summary: MaybeUndefined<String>,
    /// What it is for.
    conversation_type: Option<ConversationType>,
    /// What the assistant should know beforehand.
    context: Option<Json>,
    /// What the assistant should keep to throughout.
    system_prompt: MaybeUndefined<String>,
    /// How the language model is set, its temperature for example.
    model_parameters: Option<Json>,
}

async fn update(write: &mut Write, input: ConversationUpdateInput) -> Outcome<Id<Conversation>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .patch(conversations::title, input.title)
        .patch(conversations::description, input.description)
        .patch(conversations::summary, input.summary)
        .given(conversations::conversation_type, input.conversation_type)
        .given(conversations::context, input.context)
        .patch(conversations::system_prompt, input.system_prompt)
        .given(conversations::model_parameters, input.model_parameters);
    record::update(write, before, changes).await
}

async fn archive(write: &mut Write, input: RecordInput<Conversation>) -> Outcome<Id<Conversation>> {
    let before = input.lock_living(write).await?;
    if before.status == ConversationStatus::Archived {
        return Err(UserError::state(
            say!("it is archived already"),
            &["input", "id"],
            &["restore", "delete"],
        )
        .into());
    }
    let changes = stand(ConversationStatus::Archived, Some(clock::now()), None);
    record::change(write, "archived", before, changes).await
}

async fn restore(write: &mut Write, input: RecordInput<Conversation>) -> Outcome<Id<Conversation>> {
    let before = record::lock_any(write, input.id, input.expected_version).await?;
    if before.status == ConversationStatus::Active {
        return Err(UserError::state(say!("it is active"), &["input", "id"], &["archive", "delete"]).into());
    }
    record::change(write, "restored", before, stand(ConversationStatus::Active, None, None)).await
}

async fn delete(write: &mut Write, input: RecordInput<Conversation>) -> Outcome<Id<Conversation>> {
    let before = input.lock_living(write).await?;
    let changes = stand(ConversationStatus::Deleted, before.archived_at, Some(clock::now()));
    record::change(write, "deleted", before, changes).await
}

/// How a conversation stands, and since when.
fn stand(
    status: ConversationStatus,
    archived_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
) -> Changes<conversations::table> {
    Changes::default()
        .set(conversations::status, status)
        .set(conversations::archived_at, archived_at)
        .set(conversations::deleted_at, deleted_at)
}
