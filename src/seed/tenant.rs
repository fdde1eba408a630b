//! One organization with all its rows, in the order in which they refer to each other.
use anyhow::{Result, anyhow};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::dice::{Dice, Ids};
use super::load::Loader;
use super::rows::{
    Account, AuditLog, Budget, BudgetLine, Control, ControlRequirement, ControlTest, Conversation,
    CostCenter, DataClassification, DataElement, Deal, DealHistory, Department, Epoch, Issue, Membership,
    Message, Organization, OrganizationSettings, Pipeline, PipelineStage, RoleAssignment, SecurityEvent,
    User,
};

/// A role that somebody is given.
pub(super) struct Given {
    pub(super) user_id: Uuid,
    pub(super) role: &'static str,
    pub(super) by: Option<Uuid>,
    pub(super) at: DateTime<Utc>,
}

/// The plan that an organization has, and since when it tries it, where it does not pay.
#[derive(Clone, Copy)]
pub(super) struct Subscribed {
    pub(super) plan: &'static str,
    pub(super) tries_since: Option<DateTime<Utc>>,
}

/// An organization in the making. Whoever adds rows draws ids and chance from it.
pub(super) struct Tenant {
    pub(super) id: Uuid,
    pub(super) ids: Ids,
    pub(super) dice: Dice,
    pub(super) organization: Organization,
    /// Not limited when absent.
    pub(super) subscribed: Option<Subscribed>,
    /// Only people who have no account yet.
    pub(super) users: Vec<User>,
    pub(super) memberships: Vec<Membership>,
    pub(super) given: Vec<Given>,
    pub(super) cost_centers: Vec<CostCenter>,
    pub(super) departments: Vec<Department>,
    /// Who works where: a person and a department.
    pub(super) places: Vec<(Uuid, Uuid)>,
    pub(super) accounts: Vec<Account>,
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) stages: Vec<PipelineStage>,
    pub(super) deals: Vec<Deal>,
    pub(super) history: Vec<DealHistory>,
    pub(super) budgets: Vec<Budget>,
    pub(super) lines: Vec<BudgetLine>,
    pub(super) controls: Vec<Control>,
    pub(super) control_requirements: Vec<ControlRequirement>,
    pub(super) tests: Vec<ControlTest>,
    pub(super) issues: Vec<Issue>,
    pub(super) classifications: Vec<DataClassification>,
    pub(super) elements: Vec<DataElement>,
    pub(super) events: Vec<SecurityEvent>,
    pub(super) conversations: Vec<Conversation>,
    pub(super) audit: Vec<AuditLog>,
}

/// What an organization is called and where it works.
pub(super) struct Outline {
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) business_type: &'static str,
    pub(super) industry: &'static str,
    pub(super) timezone: &'static str,
    pub(super) locale: &'static str,
    pub(super) currency: &'static str,
    pub(super) founded: DateTime<Utc>,
}

impl Tenant {
    pub(super) fn new(outline: Outline) -> Self {
        let mut ids = Ids::named(&outline.slug);
        let id = ids.at(outline.founded);
        Self {
            id,
            ids,
            dice: Dice::named(&outline.slug),
            organization: Organization {
                id,
                name: outline.name,
                slug: outline.slug,
                business_type: outline.business_type,
                industry_vertical: outline.industry,
                timezone: outline.timezone,
                locale: outline.locale,
                currency: outline.currency,
                created_at: outline.founded,
                updated_at: outline.founded,
            },
            subscribed: None,
            users: Vec::new(),
            memberships: Vec::new(),
            given: Vec::new(),
            cost_centers: Vec::new(),
            departments: Vec::new(),
            places: Vec::new(),
            accounts: Vec::new(),
            pipelines: Vec::new(),
            stages: Vec::new(),
            deals: Vec::new(),
            history: Vec::new(),
            budgets: Vec::new(),
            lines: Vec::new(),
            controls: Vec::new(),
            control_requirements: Vec::new(),
            tests: Vec::new(),
            issues: Vec::new(),
            classifications: Vec::new(),
            elements: Vec::new(),
            events: Vec::new(),
            conversations: Vec::new(),
            audit: Vec::new(),
        }
    }

    /// Writes everything, within the transaction of the loader; says how many rows.
    pub(super) async fn load(mut self, to: &Loader, messages: impl Iterator<Item = Message>) -> Result<u64> {
        let (organization, founded) = (self.id, self.organization.created_at);
        to.enter(organization).await?;
        let mut count = to.copy([self.organization]).await?;
        count += to.copy(self.users).await?;
        count += to.copy(self.memberships).await?;
        let settings = OrganizationSettings {
            organization_id: organization,
            fiscal_year_start: "01-01",
            updated_at: founded,
        };
        count += to.copy([settings]).await?;
        count += to.copy([Epoch { organization_id: organization, epoch: 1 }]).await?;

        let roles = to.roles(organization, || self.ids.at(founded)).await?;
        let assignment = |given: Given| {
            let role = roles.iter().find(|(name, _)| name == given.role);
            let (_, role_id) = role.ok_or_else(|| anyhow!("the platform has no role {}", given.role))?;
            Ok(RoleAssignment {
                organization_id: organization,
                id: self.ids.at(given.at),
                user_id: given.user_id,
                role_id: *role_id,
                assigned_by: given.by,
                assigned_at: given.at,
                assignment_reason: "Role of the position",
                valid_from: given.at,
            })
        };
        let assignments: Vec<RoleAssignment> =
            self.given.into_iter().map(assignment).collect::<Result<_>>()?;
        count += to.copy(assignments).await?;

        count += to.copy(self.cost_centers).await?;
        count += to.copy(self.departments).await?;
        to.place(organization, &self.places).await?;
        count += to.copy(self.accounts).await?;
        count += to.copy(self.pipelines).await?;
        count += to.copy(self.stages).await?;
        count += to.copy(self.deals).await?;
        count += to.copy(self.history).await?;
        count += to.copy(self.budgets).await?;
        count += to.copy(self.lines).await?;
        count += to.copy(self.controls).await?;
        count += to.copy(self.control_requirements).await?;
        count += to.copy(self.tests).await?;
        count += to.copy(self.issues).await?;
        count += to.copy(self.classifications).await?;
        count += to.copy(self.elements).await?;
        count += to.copy(self.events).await?;
        count += to.copy(self.conversations).await?;
        count += to.copy(messages).await?;
        if let Some(subscribed) = self.subscribed {
            let ids: Vec<Uuid> = (0..8).map(|_| self.ids.at(founded)).collect();
            to.bill(organization, subscribed, founded, &ids).await?;
        }
        to.count_usage(organization).await?;
        to.index_words(organization).await?;
        count += to.copy(self.audit).await?;
        Ok(count)
    }
}
