//! Every setting: its name, type, default and meaning, declared once in the list at the end of this file.
//!
//! A setting is read from the environment (`PORTICO_<NAME>`), else from `portico.toml`, else it has its
//! default. A name that does not exist is refused, so that a typing error cannot go unnoticed.
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use self::value::Value;
pub use self::value::{Kinds, LogFormat, Secret, Share};
use crate::telemetry::Sampler;

/// One setting as `portico settings` shows it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its key in `portico.toml`.
    pub name: &'static str,
    /// Its environment variable.
    pub env: String,
    /// What it is when nobody says otherwise; empty means "none".
    pub default: &'static str,
    /// What it does, with its unit.
    pub meaning: String,
    /// What it is now; a secret is not shown.
    pub value: String,
}

/// The settings cannot be used; each line says what to mend.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Refused(Vec<String>);

/// Where the file of settings is, when it is not `portico.toml` in the current directory.
const CONFIG: &str = "PORTICO_CONFIG";

/// What was found in the environment and in the file, taken out setting by setting.
struct Source {
    environment: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    file_name: String,
    problems: Vec<String>,
}

impl Source {
    /// The value of one setting; a value that cannot be read becomes a problem, and the default stands in.
    fn take<T: Value>(&mut self, name: &str, env: &str, default: &str) -> Option<T> {
        let (origin, text) = match (self.environment.remove(env), self.file.remove(name)) {
            (Some(text), _) => (env.to_owned(), text),
            (None, Some(text)) => (format!("{name} in {}", self.file_name), text),
            (None, None) => (name.to_owned(), default.to_owned()),
        };
        match T::read(text.trim()) {
            Ok(value) => Some(value),
            Err(expected) => {
                self.problems.push(format!("{origin} cannot be read: {expected}."));
                T::read(default).ok()
            }
        }
    }

    /// Whatever nobody took is a name that does not exist.
    fn refuse_the_rest(&mut self, known: &[(&'static str, String)]) {
        let ours = |env: &str| env.starts_with("PORTICO_") && env != CONFIG;
        for env in self.environment.keys().filter(|env| ours(env)) {
            let nearest = nearest(env, known.iter().map(|(_, env)| env.as_str()).chain([CONFIG]));
            self.problems.push(format!("There is no setting {env}.{nearest}"));
        }
        for name in self.file.keys() {
            let nearest = nearest(name, known.iter().map(|(name, _)| *name));
            self.problems.push(format!("There is no setting {name} ({}).{nearest}", self.file_name));
        }
    }
}

/// " Did you mean …?" when something known is near enough to be meant.
fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| format!(" Did you mean {name}?"))
        .unwrap_or_default()
}

/// The text that a value of `portico.toml` stands for: lists are joined by commas.
fn plain(value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(yes) => Ok(yes.to_string()),
        toml::Value::Array(items) => {
            Ok(items.iter().map(plain).collect::<Result<Vec<String>, String>>()?.join(","))
        }
        _ => Err("expected text, a whole number, true or false, or a list of these".to_owned()),
    }
}

macro_rules! settings {
    ($( $(#[doc = $meaning:literal])+ $name:ident $(as $env:literal)?: $kind:ty = $default:literal; )+) => {
        /// All settings, read and checked. The fields are documented where they are declared.
        #[derive(Debug, Clone)]
        pub struct Settings {
            $( $(#[doc = $meaning])+ pub $name: $kind, )+
        }

        impl Settings {
            /// Each setting's key and environment variable.
            fn known() -> Vec<(&'static str, String)> {
                vec![$( (stringify!($name), env_name(stringify!($name), &[$($env)?])) ),+]
            }

            fn take(source: &mut Source) -> Option<Self> {
                Some(Self {
                    $( $name: source.take(
                        stringify!($name),
                        &env_name(stringify!($name), &[$($env)?]),
                        $default,
                    )?, )+
                })
            }

            /// Every setting, in the order of its declaration, as it is now.
            pub fn list(&self) -> Vec<Setting> {
                vec![$( Setting {
                    name: stringify!($name),
                    env: env_name(stringify!($name), &[$($env)?]),
                    default: $default,
                    meaning: [$($meaning),+].map(str::trim).join(" "),
                    value: self.$name.show(),
                } ),+]
            }
        }
    };
}

/// `PORTICO_<NAME>`, unless the setting has a name of its own that the world already uses.
fn env_name(name: &str, own: &[&str]) -> String {
    own.first().map_or_else(|| format!("PORTICO_{}", name.to_uppercase()), |own| (*own).to_owned())
}

impl Settings {
    /// The settings of this process: its environment and its `portico.toml`.
    pub fn load() -> Result<Self, Refused> {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        let named = environment.get(CONFIG).map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| PathBuf::from("portico.toml"));
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::read(environment, Some((&path, &text))),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Self::read(environment, None)
            }
            Err(error) => Err(Refused(vec![format!("{} cannot be read: {error}.", path.display())])),
        }
    }

    /// The settings that an environment and the text of a file say.
    pub fn read(
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<(&Path, &str)>,
    ) -> Result<Self, Refused> {
        let mut source = Source {
            environment: environment.into_iter().collect(),
            file: BTreeMap::new(),
            file_name: file.map(|(path, _)| path.display().to_string()).unwrap_or_default(),
            problems: Vec::new(),
        };
        if let Some((_, text)) = file {
            let table: toml::Table = text
                .parse()
                .map_err(|error: toml::de::Error| Refused(vec![format!("{}: {error}", source.file_name)]))?;
            for (name, value) in table {
                match plain(&value) {
                    Ok(text) => {
                        source.file.insert(name, text);
                    }
                    Err(expected) => {
                        source.problems.push(format!("{name} in {}: {expected}.", source.file_name));
                    }
                }
            }
        }
        let settings = Self::take(&mut source);
        source.refuse_the_rest(&Self::known());
        match settings {
            Some(settings) if source.problems.is_empty() => settings.check(),
            _ => Err(Refused(source.problems)),
        }
    }

    /// What no single value can say about itself.
    fn check(self) -> Result<Self, Refused> {
        let mut problems = Vec::new();
        if self.pool_size < 2 {
            problems.push("pool_size must be at least 2: one connection listens for changes.".to_owned());
        }
        if self.max_page_size == 0 || self.default_page_size == 0 {
            problems.push("max_page_size and default_page_size must be at least 1.".to_owned());
        }
        if self.default_page_size > self.max_page_size {
            problems.push("default_page_size must not be larger than max_page_size.".to_owned());
        }
        if self.database_owner_url.is_some() && self.database_url.is_none() {
            problems.push("DATABASE_OWNER_URL needs DATABASE_URL: both name the same database.".to_owned());
        }
        if self.smtp_url.is_some() && self.mail_from.is_none() {
            problems.push("smtp_url needs mail_from: the address that mail comes from.".to_owned());
        }
        if !(1..=36_500).contains(&self.purge_after_days) {
            problems.push("purge_after_days must be from 1 to 36500.".to_owned());
        }
        if !(1..=1_000_000).contains(&self.export_max_rows) {
            problems.push("export_max_rows must be from 1 to 1000000.".to_owned());
        }
        if !(1..=1_000_000).contains(&self.import_max_rows) {
            problems.push("import_max_rows must be from 1 to 1000000.".to_owned());
        }
        if problems.is_empty() { Ok(self) } else { Err(Refused(problems)) }
    }
}

settings! {
    /// Address and port on which the server listens.
    listen: SocketAddr = "127.0.0.1:8080";
    /// Directory of everything that this server keeps: the embedded PostgreSQL with its data, and keys.
    data: PathBuf = ".portico";
    /// Directory below which the programs of the embedded PostgreSQL are unpacked, to share them between
    /// several data directories. None: the data directory.
    programs: Option<PathBuf> = "";
    /// Log lines below this level are dropped: error, warn, info, debug or trace, also by module
    /// (`info,portico::web=debug`). `portico::operation` is a line for each operation. Of the libraries, what is below
    /// info is told only where they are named, since it may hold what is nobody's business.
    log: String = "info";
    /// How log lines are written: human or json.
    log_format: LogFormat = "human";
    /// Fill an empty database with the demo organizations, and let the playground sign in as their people.
    demo: bool = "true";
    /// Serve figures for Prometheus at /metrics.
    metrics: bool = "true";
    /// Names of operations that the figures count by themselves, separated by commas, besides those of published
    /// documents; all others are counted together.
    metrics_operations: Vec<String> = "";
    /// Address of an OpenTelemetry collector, such as `http://127.0.0.1:4318`, to which traces are sent by OTLP over HTTP.
    /// None: nothing is traced. Headers that it wants are read from `OTEL_EXPORTER_OTLP_HEADERS`.
    otlp_endpoint as "OTEL_EXPORTER_OTLP_ENDPOINT": Option<String> = "";
    /// Name of this server in traces.
    service_name as "OTEL_SERVICE_NAME": String = "portico";
    /// Which traces are sent: `always_on`, `always_off`, traceidratio, or one of these after `parentbased_`, which
    /// does as the caller does where there is one.
    traces_sampler as "OTEL_TRACES_SAMPLER": Sampler = "parentbased_always_on";
    /// The share of traces that traceidratio sends, from 0 to 1.
    traces_sampler_arg as "OTEL_TRACES_SAMPLER_ARG": Share = "1";
    /// Operations that take longer are noted with their statements and the plan of the slowest, in milliseconds; 0: none.
    /// `portico slow` shows them.
    slow_operation_ms: u64 = "1000";
    /// Who is told what was done for a request, if they ask with `extensions.trace`: all, none, or some of anonymous,
    /// person and `api_key`, separated by commas.
    trace: Kinds = "none";
    /// How long running requests may take to finish after a signal to stop, in milliseconds.
    shutdown_grace_ms: u64 = "10000";

    /// Address of an existing PostgreSQL 15 or newer with pgvector, as which the server works. None: the
    /// embedded PostgreSQL.
    database_url as "DATABASE_URL": Option<Secret> = "";
    /// Address of the same database for the owner of its tables, as which migrations run. None: DATABASE_URL.
    database_owner_url as "DATABASE_OWNER_URL": Option<Secret> = "";
    /// Largest number of connections to the database.
    pool_size: u32 = "16";
    /// How long a request waits for a free connection before it is answered "busy", in milliseconds.
    pool_wait_ms: u64 = "5000";
    /// How long one SQL statement of a person may run, in milliseconds.
    statement_timeout_ms: u64 = "10000";
    /// The same of an API key.
    statement_timeout_api_key_ms: u64 = "10000";
    /// The same of somebody who does not say who they are.
    statement_timeout_anonymous_ms: u64 = "5000";
    /// How long one request may take, in milliseconds: what is not read by then is null, and what is not changed by
    /// then is not changed.
    request_timeout_ms: u64 = "30000";

    /// How long an access token is valid, in minutes.
    access_token_minutes: u32 = "15";
    /// How long a session can be renewed after its last use, in days.
    refresh_token_days: u32 = "30";
    /// After how many wrong passwords in a row an account is locked.
    lock_after_failures: u32 = "10";
    /// How long an account stays locked after too many wrong passwords, in minutes.
    lock_minutes: u32 = "15";
    /// Secret of at least 32 characters from which all keys are derived, those that sign access tokens among
    /// them; servers behind one balancer share it. None: the file `secret` in the data directory, made at the
    /// first start.
    secret: Option<Secret> = "";
    /// Address under which people reach this server, such as `https://portico.example.com`: whoever signs in elsewhere
    /// may come back to any page of it. None: only to the addresses that a provider lists.
    public_url: Option<String> = "";
    /// Ask providers of single sign-on at addresses of private networks too, and on this machine without TLS: for
    /// providers of one's own. Whoever sets a provider up can then reach what this server can reach.
    sso_private_addresses: bool = "false";
    /// Origins whose pages may call the API from a browser, separated by commas; none besides its own.
    cors_origins: Vec<String> = "";
    /// Who may ask about the schema itself and read the reference at /docs, and is told which name was meant where one
    /// does not exist: all, none, or some of anonymous, person and `api_key`, separated by commas. The playground needs it.
    introspection: Kinds = "all";
    /// Who is answered trusted documents only, those that `portico documents publish` has registered: none, all, or some
    /// of anonymous, person and `api_key`, separated by commas.
    trusted_documents_only: Kinds = "none";
    /// Remember documents by their SHA-256, so that clients need not send them again (automatic persisted queries).
    persisted_queries: bool = "true";

    /// Address of the SMTP server that delivers mail: `smtps://user:password@host`, or
    /// `smtp://user:password@host?tls=required` for STARTTLS. None: mail stays in the outbox, which `portico mail`
    /// shows.
    smtp_url: Option<Secret> = "";
    /// Address that mail comes from: `Portico <portico@example.com>`. Needed where mail is delivered.
    mail_from: Option<String> = "";
    /// Public address of the web application, which links in mails lead to. None: mails hold their token alone.
    web_url: Option<String> = "";

    /// Largest body of a request, in bytes.
    max_body_bytes: usize = "1048576";
    /// Largest document of a request, in bytes.
    max_document_bytes: usize = "65536";
    /// Largest number of tokens in a document.
    max_tokens: usize = "10000";
    /// Largest number of fields in a document, fragments counted where they are spread.
    max_fields: usize = "2000";
    /// How deep the fields of a document may be nested.
    max_depth: usize = "15";
    /// Largest number of aliases in a document, fragments counted where they are spread.
    max_aliases: usize = "30";
    /// Largest number of directives in a document, fragments counted where they are spread.
    max_directives: usize = "50";
    /// Largest number of fields at the root of an operation.
    max_root_fields: usize = "20";
    /// Largest size of the variables of a request, in bytes as JSON.
    max_variable_bytes: usize = "524288";
    /// How deep lists and objects may be nested in variables.
    max_variable_depth: usize = "20";
    /// Largest cost of an operation of a person, in points: a record that its page sizes allow to appear is one, a change
    /// and a step of a filter along a relation are ten, an order along one is fifty, and counting costs one for each
    /// thousand.
    max_cost: usize = "100000";
    /// The same of an operation of an API key.
    max_cost_api_key: usize = "100000";
    /// The same of an operation of somebody who does not say who they are.
    max_cost_anonymous: usize = "25000";
    /// How many points of cost a person may spend in a minute in one organization; 0: any number. Each server counts
    /// by itself: several behind a balancer allow as many times that.
    rate_person: u32 = "600000";
    /// The same for an API key.
    rate_api_key: u32 = "600000";
    /// The same for all people and API keys of an organization together.
    rate_organization: u32 = "3000000";
    /// The same for an address (of IPv6: a network of 64 bits) from which somebody asks who does not say who they are.
    rate_address: u32 = "120000";
    /// How many seconds' worth of points may be saved up and spent at once.
    rate_burst_seconds: u32 = "60";
    /// Number of items on a page when the query does not say.
    default_page_size: u32 = "20";
    /// Largest number of items on a page.
    max_page_size: u32 = "100";

    /// Largest number of records that one export writes, at most 1,000,000.
    export_max_rows: u32 = "1000000";
    /// Largest file of an export, in bytes.
    export_max_bytes: u64 = "268435456";
    /// How many exports of a person or API key may wait or run at one time.
    exports_per_person: u32 = "2";
    /// How many exports of an organization may wait or run at one time.
    exports_per_organization: u32 = "5";
    /// How many exports this server writes at one time, each with up to two connections to the database; 0: others do.
    exports_at_once: usize = "2";
    /// How long the file of an export is kept, in hours.
    export_keep_hours: u32 = "72";
    /// How long an address is good from which the file of an export can be downloaded, in minutes.
    export_url_minutes: u32 = "15";

    /// Largest number of rows of a file that is imported, at most 1,000,000.
    import_max_rows: u32 = "100000";
    /// The same where one row that fails keeps all others from being done (`REJECT_ALL`): they are one transaction.
    import_max_rows_together: u32 = "5000";
    /// Largest file that is imported, in bytes.
    import_max_bytes: u64 = "67108864";
    /// Longest row of such a file, in bytes.
    import_max_row_bytes: usize = "65536";
    /// How many imports of a person or API key may wait, for their file or a server, or run at one time.
    imports_per_person: u32 = "2";
    /// How many imports of an organization may wait or run at one time.
    imports_per_organization: u32 = "5";
    /// How many imports this server does at one time, each with up to two connections to the database; 0: others do.
    imports_at_once: usize = "2";
    /// How long it is kept what was wrong with the rows of an import, in hours.
    import_keep_hours: u32 = "72";
    /// How long an import waits for its file, and the address is good to which that is sent, in minutes.
    import_url_minutes: u32 = "60";

    /// How long a deleted organization can be restored, and a deleted account is kept, in days; then everything of it is
    /// deleted for good. It counts for what is deleted from now on.
    purge_after_days: u32 = "30";
    /// How long events are kept for subscribers that come back, in hours.
    events_retention_hours: u32 = "72";
    /// Largest number of open websockets and event streams.
    max_sockets: usize = "10000";
    /// Largest number of operations at one time on one websocket.
    max_socket_operations: usize = "100";
    /// How long a new websocket may stay silent before it must have introduced itself, in milliseconds.
    socket_init_timeout_ms: u64 = "10000";
    /// How often an open websocket or event stream is asked whether anybody is there, in seconds.
    socket_ping_seconds: u64 = "20";
    /// How many events a slow subscriber may be behind before its stream is reset.
    socket_queue: u64 = "20000";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)], file: &str) -> Result<Settings, String> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::read(environment, Some((Path::new("portico.toml"), file)))
            .map_err(|refused| refused.to_string())
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
        let settings =
            read(&[("PORTICO_MAX_DEPTH", "7")], "max_depth = 9\nmax_fields = 50\ndemo = false").unwrap();
        assert_eq!((settings.max_depth, settings.max_fields, settings.max_aliases), (7, 50, 30));
        assert!(!settings.demo);
    }

    #[test]
    fn a_list_is_written_with_commas_or_as_a_list() {
        let file = "cors_origins = [\"https://a.example\", \"https://b.example\"]";
        assert_eq!(read(&[], file).unwrap().cors_origins, ["https://a.example", "https://b.example"]);
        let env = [("PORTICO_CORS_ORIGINS", "https://a.example, https://b.example")];
        assert_eq!(read(&env, "").unwrap().cors_origins, ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        let refused = read(&[("PORTICO_LISTN", "x")], "max_depht = 3").unwrap_err();
        assert!(
            refused.contains("There is no setting PORTICO_LISTN. Did you mean PORTICO_LISTEN?"),
            "{refused}"
        );
        assert!(refused.contains("There is no setting max_depht (portico.toml). Did you mean max_depth?"));
    }

    #[test]
    fn a_wrong_value_is_refused_and_says_what_was_expected() {
        let refused = read(&[("PORTICO_LISTEN", "8080")], "demo = \"maybe\"").unwrap_err();
        assert!(refused.contains("PORTICO_LISTEN cannot be read: expected an address and port"), "{refused}");
        assert!(refused.contains("demo in portico.toml cannot be read: expected true or false"), "{refused}");
    }

    #[test]
    fn a_secret_is_never_shown() {
        let settings = read(&[("DATABASE_URL", "postgres://a:hunter2@b/c")], "").unwrap();
        assert!(!format!("{settings:?} {:?}", settings.list()).contains("hunter2"));
    }

    #[test]
    fn every_default_can_be_read_and_every_setting_has_a_meaning() {
        for setting in read(&[], "").unwrap().list() {
            assert!(setting.meaning.ends_with('.'), "{}: {}", setting.name, setting.meaning);
        }
    }
}
