//! `holm account`: manages the accounts in a data directory.
//!
//! While a server is using the directory, its control API does the work: the server has noted in
//! the directory where that is.

mod remote;

use std::io::{self, BufRead, IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use self::remote::ControlApi;
use super::exit::{CONFIG, Failure, INPUT, INTERNAL, REFUSED, STORAGE, USAGE};
use super::globals::MessageFormat;
use crate::config::{self, Config, Overrides};
use crate::ids::AgentId;
use crate::services::accounts::{
    Account, AccountError, AccountName, Accounts, AccountsConfig, NewPassword,
};
use crate::services::ports::StoreError;
use crate::services::store::StoreHandle;
use crate::storage::{OpenError, SqliteStore, noted_server};
use crate::time::SystemClock;

/// Flags of `holm account`.
#[derive(Clone, Debug, Args)]
#[command(after_help = HELP)]
pub struct AccountArgs {
    /// Configuration file (TOML), for the data directory and the cost of password hashes
    // Ids of their own: clap hands values of global options up to the options of a bare `holm`.
    #[arg(
        id = "account_config",
        long = "config",
        value_name = "FILE",
        env = "HOLM_CONFIG",
        global = true
    )]
    config: Option<PathBuf>,
    /// Directory of the database [default: holm-data]
    #[arg(id = "account_data", long = "data", value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Create an account
    Add {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        password: Password,
        /// The account's id [default: a random one]
        #[arg(long, value_name = "UUID")]
        uuid: Option<Uuid>,
    },
    /// List all accounts by name
    List,
    /// Change the password of an account
    Passwd {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        password: Password,
    },
    /// Remove an account and its inventory
    Remove {
        #[command(flatten)]
        name: Name,
    },
}

#[derive(Clone, Debug, Args)]
struct Name {
    /// First name, or both names as `first.last`
    first: String,
    /// Last name [default: Resident]
    last: Option<String>,
}

#[derive(Clone, Debug, Args)]
struct Password {
    /// The password, or `$1$` and its MD5 in hex; other users of this machine can see it
    /// [default: prompt on a terminal, otherwise read the first line of stdin]
    #[arg(long, value_name = "TEXT")]
    password: Option<String>,
}

/// Runs the command, with the terminal for input and output.
///
/// # Errors
/// [`Failure`] with the exit code: configuration, storage (also when the server that uses the
/// directory does not answer), a bad name or password, or a refusal.
pub fn run(
    args: &AccountArgs,
    format: MessageFormat,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    if io::stdin().is_terminal() && args.reads_password() {
        // What is typed is not shown.
        let mut password = rpassword::prompt_password("Password: ")
            .map_err(|error| Failure::new(INPUT, format!("password from the terminal: {error}")))?;
        password.push('\n');
        return run_with(args, format, environment, &mut password.as_bytes(), &mut output);
    }
    run_with(args, format, environment, &mut io::stdin().lock(), &mut output)
}

fn run_with(
    args: &AccountArgs,
    format: MessageFormat,
    environment: impl IntoIterator<Item = (String, String)>,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let overrides = Overrides { data: args.data.clone(), ..Overrides::default() };
    let config = config::load(args.config.as_deref(), environment, &overrides)?.config;
    // All that can be wrong with the command line is said before anything is opened.
    let task = Task::read(&args.action, input)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(INTERNAL, format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let report = match open(&config, matches!(task, Task::Add(..)))? {
            Opened::Here(accounts, store) => {
                let report = perform(&accounts, task).await;
                let closed = store.shutdown().await;
                let report = report?;
                closed
                    .map_err(|error| Failure::new(STORAGE, error.to_string()))?
                    .map_err(|error| failure(&error.into()))?;
                report
            }
            Opened::ByServer(control) => control.perform(&task).await?,
        };
        write(&report, format, output).map_err(Failure::from)
    })
}

impl AccountArgs {
    fn reads_password(&self) -> bool {
        matches!(&self.action,
            Action::Add { password, .. } | Action::Passwd { password, .. }
                if password.password.is_none())
    }
}

/// What to do, with everything checked.
enum Task {
    Add(AccountName, ReadPassword, Option<AgentId>),
    List,
    Passwd(AccountName, ReadPassword),
    Remove(AccountName),
}

/// A password as a server takes it, and as the storage does.
struct ReadPassword {
    text: String,
    parsed: NewPassword,
}

impl Task {
    fn read(action: &Action, input: &mut dyn BufRead) -> Result<Self, Failure> {
        Ok(match action {
            Action::Add { name, password, uuid } => {
                if uuid.is_some_and(|uuid| uuid.is_nil()) {
                    return Err(Failure::new(USAGE, "an account cannot have the null uuid"));
                }
                Self::Add(name.read()?, password.read(input)?, uuid.map(AgentId))
            }
            Action::List => Self::List,
            Action::Passwd { name, password } => Self::Passwd(name.read()?, password.read(input)?),
            Action::Remove { name } => Self::Remove(name.read()?),
        })
    }
}

impl Name {
    fn read(&self) -> Result<AccountName, Failure> {
        let name = match &self.last {
            Some(last) => AccountName::new(&self.first, last),
            None => AccountName::parse(&self.first),
        };
        name.map_err(|error| Failure::new(USAGE, error.to_string()))
    }
}

impl Password {
    fn read(&self, input: &mut dyn BufRead) -> Result<ReadPassword, Failure> {
        let text = match &self.password {
            Some(text) => text.clone(),
            None => first_line(input)
                .map_err(|error| Failure::new(INPUT, format!("password from stdin: {error}")))?,
        };
        let parsed =
            NewPassword::parse(&text).map_err(|error| Failure::new(USAGE, error.to_string()))?;
        Ok(ReadPassword { text, parsed })
    }
}

fn first_line(input: &mut dyn BufRead) -> io::Result<String> {
    let mut line = String::new();
    let mut limited = io::Read::take(input, LONGEST_PASSWORD);
    limited.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Who does the work.
enum Opened {
    /// This process, which has the directory until the store is shut down.
    Here(Accounts, StoreHandle),
    /// The server that has the directory.
    ByServer(ControlApi),
}

fn open(config: &Config, create: bool) -> Result<Opened, Failure> {
    if config.storage.ephemeral {
        return Err(Failure::new(CONFIG, "storage is ephemeral, so accounts would not be stored"));
    }
    let directory = &config.storage.directory;
    if !create && !SqliteStore::exists(directory) {
        let message = format!("data directory {} has no database", directory.display());
        return Err(Failure::new(STORAGE, message));
    }
    let store = match SqliteStore::open(directory) {
        Ok(store) => store,
        Err(error @ OpenError::InUse { .. }) => {
            let Some(uri) = noted_server(directory) else {
                return Err(Failure::new(STORAGE, format!("{error}{NO_NOTE}")));
            };
            let token = config.network.control_token.clone();
            return Ok(Opened::ByServer(ControlApi::new(error.to_string(), &uri, token)));
        }
        Err(error) => return Err(Failure::new(STORAGE, error.to_string())),
    };
    let rehearse = config.storage.rehearse;
    let spawn = if rehearse { StoreHandle::spawn_rehearsing } else { StoreHandle::spawn };
    let store = spawn(Box::new(store))
        .map_err(|error| Failure::new(INTERNAL, format!("no storage thread: {error}")))?;
    let settings = AccountsConfig::new(&config.login, false);
    let accounts = Accounts::new(store.clone(), Arc::new(SystemClock::new()), settings);
    Ok(Opened::Here(accounts, store))
}

async fn perform(accounts: &Accounts, task: Task) -> Result<Vec<ReportLine>, Failure> {
    match task {
        Task::Add(name, password, id) => {
            let made = accounts.create(name, password.parsed, id).await.map_err(|e| failure(&e))?;
            Ok(vec![ReportLine::AccountCreated(Entry::of(&made))])
        }
        Task::List => list(accounts).await.map_err(|error| failure(&error)),
        Task::Passwd(name, password) => {
            let account = find(accounts, &name).await?;
            accounts.set_password(account.id, password.parsed).await.map_err(|e| failure(&e))?;
            Ok(vec![ReportLine::PasswordChanged(Entry::of(&account))])
        }
        Task::Remove(name) => {
            let account = find(accounts, &name).await?;
            accounts.remove(account.id).await.map_err(|error| failure(&error))?;
            Ok(vec![ReportLine::AccountRemoved(Entry::of(&account))])
        }
    }
}

async fn list(accounts: &Accounts) -> Result<Vec<ReportLine>, AccountError> {
    let mut lines = Vec::new();
    let mut after = None;
    loop {
        let page = accounts.list(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after = Some(last.name.key());
        lines.extend(page.iter().map(|account| ReportLine::Account(Entry::of(account))));
    }
}

async fn find(accounts: &Accounts, name: &AccountName) -> Result<Account, Failure> {
    let found = accounts.find(name).await.map_err(|error| failure(&error))?;
    found.ok_or_else(|| Failure::new(REFUSED, format!("there is no account named `{name}`")))
}

fn failure(error: &AccountError) -> Failure {
    let code = match error {
        AccountError::Store(
            StoreError::NameTaken(_) | StoreError::IdTaken(_) | StoreError::NotFound(_),
        ) => REFUSED,
        AccountError::Store(_) | AccountError::Gone(_) => STORAGE,
        AccountError::Hash(_) => CONFIG,
        AccountError::Busy | AccountError::Interrupted => INTERNAL,
    };
    // The cause of a storage failure is what helps.
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    Failure::new(code, format!("{error}{}", cause.unwrap_or_default()))
}

/// One line of the report.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum ReportLine {
    Account(Entry),
    AccountCreated(Entry),
    PasswordChanged(Entry),
    AccountRemoved(Entry),
}

#[derive(Serialize)]
struct Entry {
    uuid: Uuid,
    first: String,
    last: String,
    /// Seconds since 1970.
    created_at: u64,
    /// Seconds since 1970; null before the first login.
    last_login: Option<u64>,
}

impl Entry {
    fn of(account: &Account) -> Self {
        Self {
            uuid: account.id.0,
            first: account.name.first().to_owned(),
            last: account.name.last().to_owned(),
            created_at: account.created_at,
            last_login: account.last_login,
        }
    }
}

fn write(lines: &[ReportLine], format: MessageFormat, output: &mut dyn Write) -> io::Result<()> {
    for line in lines {
        if format == MessageFormat::Json {
            serde_json::to_writer(&mut *output, line)?;
            writeln!(output)?;
            continue;
        }
        let (before, entry) = match line {
            ReportLine::Account(entry) => ("", entry),
            ReportLine::AccountCreated(entry) => ("created ", entry),
            ReportLine::PasswordChanged(entry) => ("changed the password of ", entry),
            ReportLine::AccountRemoved(entry) => ("removed ", entry),
        };
        let Entry { uuid, first, last, .. } = entry;
        writeln!(output, "{before}{uuid}  {first} {last}")?;
    }
    output.flush()
}

const HELP: &str = "\
If a server is using the data directory, its control API does the work. The server's address is in
the data directory; its token, if it has one, is network.control_token of the configuration
(HOLM_NETWORK_CONTROL_TOKEN).";

/// Follows the error about a directory that is in use by nobody who left a note.
const NO_NOTE: &str = " that is starting, stopping or changing accounts; try again";

/// Clients send at most the first 16 characters or a digest; this limit catches typing errors.
const LONGEST_PASSWORD: u64 = 4096;

/// Accounts read at a time.
const PAGE: usize = 500;

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::Value;

    use super::*;

    #[derive(Parser)]
    struct AccountCommand {
        #[command(flatten)]
        args: AccountArgs,
        #[command(flatten)]
        globals: crate::cli::Globals,
    }

    struct Directory(tempfile::TempDir);

    impl Directory {
        /// Cheap hashes, and nothing of the machine's environment.
        fn run(&self, line: &str, input: &str) -> Result<String, Failure> {
            let words = std::iter::once("account").chain(line.split_whitespace());
            let AccountCommand { mut args, globals } = AccountCommand::parse_from(words);
            args.data = Some(self.0.path().join("data"));
            let environment = [
                ("HOLM_LOGIN_ARGON2_MEMORY_KIB".to_owned(), "1024".to_owned()),
                ("HOLM_LOGIN_ARGON2_PASSES".to_owned(), "1".to_owned()),
            ];
            let mut output = Vec::new();
            run_with(
                &args,
                globals.message_format,
                environment,
                &mut input.as_bytes(),
                &mut output,
            )?;
            Ok(String::from_utf8(output).unwrap())
        }

        fn code(&self, line: &str, input: &str) -> (u8, String) {
            let failure = self.run(line, input).unwrap_err();
            (failure.code, failure.message)
        }
    }

    fn directory() -> Directory {
        Directory(tempfile::tempdir().unwrap())
    }

    const ID: &str = "00000000-0000-4000-8000-00000000000a";

    #[test]
    fn accounts_are_added_listed_changed_and_removed() {
        let directory = directory();
        let added = directory.run(&format!("add Test User --password test --uuid {ID}"), "");
        assert_eq!(added.unwrap(), format!("created {ID}  Test User\n"));
        directory.run("add alice.tester", "secret\r\nrest").unwrap();
        let listed = directory.run("list", "").unwrap();
        let names: Vec<&str> = listed.lines().map(|line| &line[ID.len() + 2..]).collect();
        assert_eq!(names, ["alice tester", "Test User"]);
        let changed = directory.run("passwd test user --password other", "").unwrap();
        assert_eq!(changed, format!("changed the password of {ID}  Test User\n"));
        directory.run("remove Alice Tester", "").unwrap();
        assert_eq!(directory.run("list", "").unwrap(), format!("{ID}  Test User\n"));
    }

    #[test]
    fn json_is_one_object_per_line() {
        let directory = directory();
        let line = format!("add Test --password test --uuid {ID} --message-format json");
        let added: Value = serde_json::from_str(&directory.run(&line, "").unwrap()).unwrap();
        assert_eq!(added["event"], "account_created");
        let listed = directory.run("list --message-format json", "").unwrap();
        let listed: Value = serde_json::from_str(listed.trim_end()).unwrap();
        assert_eq!(listed["event"], "account");
        assert_eq!(listed["uuid"], ID);
        assert_eq!((&listed["first"], &listed["last"]), (&"Test".into(), &"Resident".into()));
        assert!(listed["created_at"].as_u64().unwrap() > 1_700_000_000);
        assert_eq!(listed["last_login"], Value::Null);
    }

    #[test]
    fn refusals_have_their_codes() {
        let directory = directory();
        assert_eq!(directory.code("list", "").0, STORAGE);
        directory.run("add Test User --password test", "").unwrap();
        let taken = directory.code("add TEST USER --password x", "");
        assert_eq!(taken, (REFUSED, "account name `TEST USER` is taken".to_owned()));
        let unknown = directory.code("remove No Body", "");
        assert_eq!(unknown, (REFUSED, "there is no account named `No Body`".to_owned()));
        let null = format!("add A B --password x --uuid {}", Uuid::nil());
        for usage in ["add Test User", "add A B --password $1$12", &null] {
            assert_eq!(directory.code(usage, "\n").0, USAGE, "{usage}");
        }
    }

    #[test]
    fn directory_in_use_without_a_note_is_left_alone() {
        let directory = directory();
        directory.run("add Test User --password test", "").unwrap();
        let server = SqliteStore::open(&directory.0.path().join("data")).unwrap();
        let (code, message) = directory.code("list", "");
        assert_eq!(code, STORAGE);
        assert!(message.contains("is in use by another holm that is starting, "), "{message}");
        crate::storage::note_server(&directory.0.path().join("data"), "http://127.0.0.1:1")
            .unwrap();
        let (code, message) = directory.code("list", "");
        assert_eq!(code, STORAGE);
        assert!(message.contains("; no answer from http://127.0.0.1:1: "), "{message}");
        drop(server);
        assert!(directory.run("list", "").is_ok());
    }
}
