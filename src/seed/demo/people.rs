//! The people of the demo.

/// Somebody of a demo organization.
pub(super) struct Person {
    pub(super) first: &'static str,
    pub(super) last: &'static str,
    /// What comes before the `@`.
    pub(super) mailbox: &'static str,
    pub(super) role: &'static str,
    pub(super) title: &'static str,
    /// Code of the department.
    pub(super) department: &'static str,
    pub(super) region: Option<&'static str>,
    /// Mailbox of the manager.
    pub(super) manager: Option<&'static str>,
    /// What they can see and do; only those who are to be tried have it.
    pub(super) about: Option<&'static str>,
}

macro_rules! people {
    ($($first:literal $last:literal $mailbox:literal $role:literal, $title:literal in $department:literal
       of $region:expr, under $manager:expr, $about:expr;)*) => {
        &[$(Person {
            first: $first, last: $last, mailbox: $mailbox, role: $role, title: $title, department: $department,
            region: $region, manager: $manager, about: $about,
        }),*]
    };
}

const AMERICA: Option<&str> = Some("north_america");
const EUROPE: Option<&str> = Some("europe");

/// Aether Dynamics: one person for each role, Sarah Chen first, and colleagues who sell and build.
pub(super) const AETHER: &[Person] = people! {
    "Sarah" "Chen" "sarah.chen" "cfo", "Chief Financial Officer" in "FIN" of AMERICA, under Some("eleanor.vance"),
        Some("Approves and locks budgets, sees every figure, asks for forecasts and risks.");
    "Eleanor" "Vance" "eleanor.vance" "owner", "Chief Executive Officer" in "EXEC" of AMERICA, under None,
        Some("Owns the organization: may do everything in it.");
    "Raj" "Patel" "raj.patel" "admin", "Head of IT" in "IT" of AMERICA, under Some("eleanor.vance"),
        Some("Manages people, roles and settings.");
    "Marcus" "Webb" "marcus.webb" "manager", "VP Sales" in "SALES" of AMERICA, under Some("eleanor.vance"),
        Some("Leads the sales team and its deals in all regions.");
    "Ingrid" "Lindqvist" "ingrid.lindqvist" "analyst", "Sales Analyst, Europe" in "SALES" of EUROPE, under Some("marcus.webb"),
        Some("Reads sales and finance, but only the rows of Europe.");
    "Diego" "Morales" "diego.morales" "user", "Account Executive" in "SALES" of Some("latin_america"), under Some("marcus.webb"),
        Some("Works on deals and has conversations of his own; sees addresses of colleagues in part.");
    "Hannah" "Brooks" "hannah.brooks" "viewer", "Board Observer" in "EXEC" of AMERICA, under Some("eleanor.vance"),
        Some("Looks and changes nothing; sensitive figures are hidden.");
    "Orbit" "Connector" "orbit.connector" "api_user", "CRM synchronisation account" in "IT" of None, under Some("raj.patel"),
        Some("A program's account: what an integration may reach.");
    "Amara" "Okafor" "amara.okafor" "compliance_officer", "Director of Compliance" in "COMP" of AMERICA, under Some("sarah.chen"),
        Some("Keeps controls, tests and issues, and reads the audit log.");
    "Viktor" "Novak" "viktor.novak" "security_admin", "Security Lead" in "IT" of EUROPE, under Some("raj.patel"),
        Some("Watches sessions, API keys and the audit log.");
    "Priya" "Raman" "priya.raman" "cost_manager", "Cost Controller" in "FIN" of Some("asia_pacific"), under Some("tomas.herrera"),
        Some("Keeps cost centers and departments within their budgets.");
    "Tomás" "Herrera" "tomas.herrera" "finance_manager", "Finance Manager" in "FIN" of AMERICA, under Some("sarah.chen"),
        Some("Drafts and submits budgets; also advises Nimbus Labs.");
    "Jordan" "Blake" "jordan.blake" "user", "Senior Account Executive" in "SALES" of AMERICA, under Some("marcus.webb"), None;
    "Claire" "Dubois" "claire.dubois" "user", "Account Executive, Europe" in "SALES" of EUROPE, under Some("marcus.webb"), None;
    "Yuki" "Tanaka" "yuki.tanaka" "user", "Account Executive, Asia Pacific" in "SALES" of Some("asia_pacific"), under Some("marcus.webb"), None;
    "Omar" "Haddad" "omar.haddad" "user", "Account Executive, Middle East" in "SALES" of Some("middle_east"), under Some("marcus.webb"), None;
    "Lena" "Fischer" "lena.fischer" "manager", "VP Engineering" in "ENG" of EUROPE, under Some("eleanor.vance"), None;
    "Noah" "Kim" "noah.kim" "manager", "Head of Marketing" in "MKT" of AMERICA, under Some("eleanor.vance"), None;
    "Grace" "Adeyemi" "grace.adeyemi" "user", "Customer Success Lead" in "CS" of AMERICA, under Some("marcus.webb"), None;
};

/// Nimbus Labs: another organization, so that its absence can be seen.
pub(super) const NIMBUS: &[Person] = people! {
    "Freya" "Olsen" "freya.olsen" "owner", "Founder" in "HQ" of EUROPE, under None,
        Some("Owns Nimbus Labs; nothing of Aether Dynamics is there for her.");
    "Jonas" "Keller" "jonas.keller" "cfo", "Head of Finance" in "HQ" of EUROPE, under Some("freya.olsen"),
        Some("The same role as Sarah Chen, in another organization.");
    "Mei" "Zhang" "mei.zhang" "user", "Account Manager" in "SALES" of Some("asia_pacific"), under Some("freya.olsen"), None;
};

/// Works for both organizations.
pub(super) const ADVISER: Person = Person {
    first: "Tomás",
    last: "Herrera",
    mailbox: "tomas.herrera",
    role: "analyst",
    title: "External Finance Adviser",
    department: "HQ",
    region: EUROPE,
    manager: Some("freya.olsen"),
    about: Some("The same person in another organization, with another role."),
};
