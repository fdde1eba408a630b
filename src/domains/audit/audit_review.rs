//! Reviews: what somebody concluded from looking at an audit entry. The entry itself stays as it is (C-21).
use crate::{
    domains::{
        audit::audit_log::{AuditLog, AuditLogFilter},
        identity::user::{User, UserFilter},
        prelude::*,
    },
    store::tables::audit::audit_reviews,
};

text_enum! {
    /// What somebody concluded from an audit entry.
    AuditReviewOutcome {
        /// It is as it should be.
        Acknowledged = "acknowledged",
        /// Somebody else has to look at it.
        Escalated = "escalated",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = audit_reviews, check_for_backend(Pg))]
pub struct AuditReview {
    pub id: Id<AuditReview>,
    pub audit_log_id: Id<AuditLog>,
    pub reviewed_by: Id<User>,
    pub outcome: AuditReviewOutcome,
    pub notes: Option<String>,
    pub reviewed_at: DateTime<Utc>,
}

entity!(AuditReview, "review", audit::audit_reviews, needs "audit.read", part audit_log_id of AuditLog);

impl Entity for AuditReview {
    fn fields(review: &mut Fields<Self>) {
        columns! { review: AuditReview {
            id, outcome, notes, reviewed_at,
        } keeps { audit_log_id, reviewed_by } }
        review.one("auditLog", |review| Some(review.audit_log_id)).about_column("audit_log_id").required();
        review.one("reviewedBy", |review| Some(review.reviewed_by)).about_column("reviewed_by");
        review.aggregate().ranges(&["reviewedAt"]).by(&["outcome", "reviewedBy"]).by_period(&["reviewedAt"]);
    }
}

filter! { AuditReviewFilter for AuditReview in audit_reviews {
    id: Compare<Id<AuditReview>>,
    outcome: Compare<AuditReviewOutcome>,
    reviewed_at: Compare<DateTime<Utc>>,
    audit_log: AuditLogFilter => through audit_log_id,
    reviewed_by: UserFilter => through reviewed_by,
} }

order! { AuditReviewOrder, AuditReviewOrderField for AuditReview {
    /// When it was looked at.
    ReviewedAt = reviewed_at,
} default [ReviewedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<AuditReview>("auditReview")
        .about("A review of an audit entry by its id; null when there is none that you may see.");
    query
        .list::<AuditReview>("auditReviews")
        .about("Reviews of audit entries, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("auditReviewCreate", create)
        .needs("audit.review")
        .in_person()
        .about("Notes what you conclude from an audit entry. Errors: NOT_FOUND, INVALID, SELF_APPROVAL.");
}

/// What you conclude.
#[derive(InputObject)]
struct AuditReviewCreateInput {
    /// The entry you looked at.
    audit_log_id: Id<AuditLog>,
    /// What you conclude.
    outcome: AuditReviewOutcome,
    /// What you noticed.
    notes: Option<String>,
}

async fn create(write: &mut Write, input: AuditReviewCreateInput) -> Outcome<Id<AuditReview>> {
    let path = ["input", "auditLogId"];
    let entry = record::find(write, input.audit_log_id, &path).await?;
    let reviewer = write.caller().user.map(Id::<User>::of);
    if reviewer.is_some() && entry.actor_id == reviewer {
        let message = say!("what you did yourself is for somebody else to review");
        return Err(UserError::new(UserErrorCode::SelfApproval, message, &path).into());
    }
    let review = Changes::default()
        .set(audit_reviews::audit_log_id, input.audit_log_id)
        .set(audit_reviews::reviewed_by, reviewer.unwrap_or(Id::of(uuid::Uuid::nil())))
        .set(audit_reviews::outcome, input.outcome)
        .set(audit_reviews::notes, input.notes);
    record::create(write, review).await
}
