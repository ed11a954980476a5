//! Configuration: `config/holm.toml` is complete, sources are merged in order, errors name place,
//! key and value.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use holm::config::{
    AnswerConfig, ClepConfig, Config, IdleAnswer, ListenConfig, Loaded, ObjectConfig, Overrides,
    PrimConfig, ScriptConfig, TerrainKind, load, load_text,
};
use toml::{Table, Value};

const SHOWN: &str = include_str!("../config/holm.toml");
const README: &str = include_str!("../README.md");
const OBJECTS: &str = include_str!("../docs/objects.md");

fn from_file(text: &str) -> Result<Loaded, String> {
    merged(text, &[], &Overrides::default())
}

fn merged(
    text: &str,
    environment: &[(&str, &str)],
    overrides: &Overrides,
) -> Result<Loaded, String> {
    let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    load_text(Path::new("holm.toml"), text, environment, overrides).map_err(|e| e.to_string())
}

#[test]
fn defaults_are_valid() {
    let loaded = load(None, [], &Overrides::default()).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.warnings.is_empty());
}

#[test]
fn shown_file_has_every_key_with_its_default() {
    fn keys(prefix: &str, value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Table(table) => {
                for (name, value) in table {
                    keys(&format!("{prefix}/{name}"), value, into);
                }
            }
            Value::Array(items) if items.iter().all(Value::is_table) => {
                for item in items {
                    keys(&format!("{prefix}[]"), item, into);
                }
            }
            value => into.push(format!("{prefix} = {value}")),
        }
    }
    let mut shown = Vec::new();
    keys("", &Value::Table(SHOWN.parse::<Table>().unwrap()), &mut shown);
    let mut real = Vec::new();
    keys("", &Value::Table(Table::try_from(Config::default()).unwrap()), &mut real);
    shown.sort();
    real.sort();
    assert_eq!(shown, real);
    assert_eq!(from_file(SHOWN).unwrap().config, Config::default());
}

#[test]
fn shown_file_explains_every_key() {
    let lines: Vec<_> = SHOWN.lines().collect();
    for (before, line) in lines.iter().zip(&lines[1..]) {
        let is_key = line.contains(" = ") && !line.starts_with('#');
        assert!(!is_key || before.starts_with("# "), "no comment above: {line}");
    }
}

#[test]
fn flags_beat_environment_beats_file_beats_defaults() {
    let file = "[network]\nhttp_port = 1\ncontrol_port = 1\n[[region]]\nudp_port = 1";
    let environment = [
        ("HOLM_NETWORK_HTTP_PORT", "2"),
        ("HOLM_NETWORK_CONTROL_PORT", "2"),
        ("HOLM_EVENT_QUEUE_IDLE", "empty"),
        ("HOLM_REGION_0_TERRAIN_KIND", "noise"),
        ("HOLM_REGION_0_SPAWN", "[1.0, 2.0, 3.0]"),
    ];
    let overrides = Overrides {
        http_port: Some(3),
        udp_port: Some(0),
        ephemeral: true,
        ..Overrides::default()
    };
    let config = merged(file, &environment, &overrides).unwrap().config;
    assert_eq!(config.network.http_port, 3);
    assert_eq!(config.network.control_port, 2);
    assert_eq!(config.network.bind, Ipv4Addr::LOCALHOST);
    assert_eq!(config.event_queue.idle, IdleAnswer::Empty);
    let region = &config.region[0];
    assert_eq!((region.udp_port, region.name.as_str()), (0, "Holm"));
    assert_eq!(region.terrain.kind, TerrainKind::Noise);
    assert_eq!(region.spawn.map(|v| v as i32), [1, 2, 3]);
    assert!(config.storage.ephemeral);
}

#[test]
fn free_ports_spare_only_the_ports_of_flags() {
    let file = "[network]\nscript_port = 9002\n[[region]]\n[[region]]\nname = \"B\"\nx = 1\n\
                udp_port = 1";
    let free = Overrides { free_ports: true, control_port: Some(7), ..Overrides::default() };
    let config = merged(file, &[], &free).unwrap().config;
    assert_eq!((config.network.http_port, config.network.control_port), (0, 7));
    assert_eq!(config.network.script_port, Some(0));
    assert!(config.region.iter().all(|region| region.udp_port == 0));
    assert_eq!(merged("", &[], &free).unwrap().config.network.script_port, None);
}

#[test]
fn optional_ports_are_numbers_or_the_empty_text() {
    let port = |file: &str, variables: &[(&str, &str)]| {
        merged(file, variables, &Overrides::default()).map(|it| it.config.network.script_port)
    };
    assert_eq!(port("", &[]).unwrap(), None);
    assert_eq!(port("[network]\nscript_port = 7", &[]).unwrap(), Some(7));
    let variable = "HOLM_NETWORK_SCRIPT_PORT";
    assert_eq!(port("", &[(variable, "7")]).unwrap(), Some(7));
    assert_eq!(port("[network]\nscript_port = 7", &[(variable, "")]).unwrap(), None);
    for bad in ["70000", "-1", "\"x\"", "1.5"] {
        let wanted = format!("holm.toml:2: network.script_port = {bad}: ");
        file_fails(&format!("[network]\nscript_port = {bad}"), &wanted);
    }
    file_fails("[network]\nexternal_http_port = 0", "external_http_port = 0: must be from 1");
    let region =
        |name| format!("[[region]]\nname = \"{name}\"\nudp_port = 0\nexternal_udp_port = 5\n");
    let twice = format!("{}{}x = 1\n", region("A"), region("B"));
    file_fails(&twice, "holm.toml:8: region.1.external_udp_port = 5: must differ");
}

#[test]
fn origins_name_the_strongest_source_of_a_key() {
    let file = "[network]\nhttp_port = 1\n\n[[object]]\nname = \"A\"\n\n[[object]]\nname = \"B\"";
    let overrides = Overrides { control_port: Some(7), ..Overrides::default() };
    let variables = [("HOLM_LOGIN_ACCOUNTS_FILE", "a.json")];
    let origins = merged(file, &variables, &overrides).unwrap().origins;
    for (key, place) in [
        ("network.http_port", "holm.toml:2"),
        ("network.control_port", "flag --control-port"),
        ("login.accounts_file", "environment variable HOLM_LOGIN_ACCOUNTS_FILE"),
        ("object.1.name", "holm.toml:8"),
        ("object.1.owner", "holm.toml:7"),
        ("network.bind", "default"),
    ] {
        assert_eq!(origins.of(key).to_string(), place, "{key}");
    }
}

#[test]
fn durations_are_numbers_with_the_unit_in_the_key() {
    let file = "[circuit]\nack_delay_ms = 5\ngive_up_after_seconds = 2.5";
    let circuit = from_file(file).unwrap().config.circuit;
    assert_eq!(circuit.ack_delay, Duration::from_millis(5));
    assert_eq!(circuit.give_up_after, Duration::from_millis(2500));
}

#[test]
fn effective_configuration_reads_back_and_hides_the_token() {
    let file = "[network]\ncontrol_token = \"0123456789abcdef\"\n[circuit]\nack_delay_ms = 5";
    let config = from_file(file).unwrap().config;
    let text = config.to_toml().unwrap();
    assert!(!text.contains("0123456789abcdef"));
    assert!(text.contains("ack_delay_ms = 5"));
    let text = Config::default().to_toml().unwrap();
    assert_eq!(from_file(&text).unwrap().config, Config::default());
}

/// One bad file and what its error must say.
#[track_caller]
fn file_fails(text: &str, expected: &str) {
    let error = from_file(text).unwrap_err();
    assert!(error.contains(expected), "\n  got: {error}\n want: {expected}");
}

#[test]
fn file_errors_name_file_line_key_and_value() {
    file_fails("[grid]\n\nnaem = \"x\"", "holm.toml:3: unknown key grid.naem: expected one of");
    file_fails("[gird]\nname = \"x\"", "holm.toml:1: unknown key gird: expected one of");
    file_fails("seed = \"x\"", "holm.toml:1: seed = \"x\": must be a whole number");
    let port = "holm.toml:2: network.http_port = 70000: must be a whole number from 0 to 65535";
    file_fails("[network]\nhttp_port = 70000", port);
    file_fails("[grid]\nname = 1", "holm.toml:2: grid.name = 1: must be a string in quotes");
    file_fails("[login]\nopen = 1", "holm.toml:2: login.open = 1: must be true or false");
    file_fails("[network]\nbind = \"localhost\"", "holm.toml:2: network.bind = \"localhost\": ");
    file_fails("[event_queue]\nidle = \"no\"", "holm.toml:2: event_queue.idle = \"no\": ");
    file_fails(
        "[event_queue]\nhold_seconds = 30",
        "holm.toml:2: event_queue.hold_seconds = 30: must be from 11 to 29",
    );
    file_fails(
        "[event_queue]\nhold_seconds = -1",
        "holm.toml:2: event_queue.hold_seconds = -1: must be a number of seconds",
    );
    file_fails("[circuit]\ngive_up_after_seconds = nan", "holm.toml:2: circuit.give_up_after");
    file_fails("[network\nhttp_port = 1", "holm.toml:1: ");
    file_fails("[[region]]\nx = 1\n\n[[region]]\ny = \"a\"", "holm.toml:5: region.1.y = \"a\": ");
    file_fails(
        "[[region]]\n[region.terrain]\nkind = \"png\"",
        "region.0.terrain.file = \"\": must be set for this kind of terrain",
    );
    file_fails("[[region]]\nuuid = \"123\"", "holm.toml:2: region.0.uuid = \"123\": ");
    file_fails("[[region]]\n[region.terrain]\nhight = 1.0", "holm.toml:3: unknown key region.0.");
    file_fails("region = []", "region = []: must be from 1 to 1024");
}

#[test]
fn regions_must_differ() {
    let second = |keys: &str| format!("[[region]]\n[[region]]\n{keys}");
    file_fails(&second(""), "region.1.name = \"Holm\": must differ");
    file_fails(&second("name = \"hOLM\""), "holm.toml:3: region.1.name = \"hOLM\": must differ");
    file_fails(&second("name = \"B\""), "region.1.x = 1000: together with y must differ");
    file_fails(&second("name = \"B\"\nx = 1001"), "region.1.udp_port = 9000: must differ");
    assert!(from_file(&second("name = \"B\"\nx = 1001\nudp_port = 9002")).is_ok());
    assert!(from_file(&second("name = \"B\"\ny = 1001\nudp_port = 0")).is_ok());
}

#[test]
fn groups_must_differ() {
    let second = |keys: &str| format!("[[group]]\n[[group]]\n{keys}");
    file_fails(&second(""), "group.1.name = \"Holm Residents\": must differ");
    file_fails(&second("name = \"HOLM residents\""), "holm.toml:3: group.1.name = ");
    file_fails("[[group]]\nname = \"abc\"", "holm.toml:2: group.0.name = \"abc\": must have from");
    let uuid = "uuid = \"00000000-0000-4000-8000-00000000000a\"\n";
    let twice = format!("[[group]]\n{uuid}[[group]]\nname = \"Others\"\n{uuid}");
    file_fails(&twice, "holm.toml:5: group.1.uuid = ");
    let listed = "[[group]]\nmembers = [\"A B\", \"a b\"]";
    file_fails(listed, "group.0.members.1 = \"a b\": must be listed only once");
    file_fails("[[group]]\nopne = true", "holm.toml:2: unknown key group.0.opne");
    assert!(from_file(&second("name = \"Others\"")).is_ok());
}

/// The commented-out example of objects in the shown file.
fn shown_objects() -> String {
    let lines = SHOWN.lines().skip_while(|line| *line != "# [[object]]");
    lines.filter_map(|line| line.strip_prefix("# ")).filter(|line| !line.starts_with("One ")).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        },
    )
}

#[test]
fn shown_objects_have_every_key_with_its_default() {
    let config = from_file(&shown_objects()).unwrap().config;
    let shown: Table = shown_objects().parse().unwrap();
    let keys = |value: &Value| {
        let mut keys: Vec<_> = value.as_table().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let object = &shown["object"][0];
    let mut wanted = Config::default();
    wanted.object.push(ObjectConfig {
        prim: vec![PrimConfig::default()],
        script: vec![ScriptConfig {
            listen: vec![ListenConfig::default()],
            answer: vec![AnswerConfig { channel: Some(0), ..AnswerConfig::default() }],
            ..ScriptConfig::default()
        }],
        ..ObjectConfig::default()
    });
    wanted.clep.push(ClepConfig::default());
    let real = Table::try_from(&wanted).unwrap();
    let same = |shown: &Value, real: &Value| assert_eq!(keys(shown), keys(real));
    same(object, &real["object"][0]);
    same(&object["prim"][0], &real["object"][0]["prim"][0]);
    let (script, real_script) = (&object["script"][0], &real["object"][0]["script"][0]);
    same(script, real_script);
    same(&script["listen"][0], &real_script["listen"][0]);
    same(&script["answer"][0], &real_script["answer"][0]);
    same(&shown["clep"][0], &real["clep"][0]);

    let object = &config.object[0];
    let default = ObjectConfig {
        name: object.name.clone(),
        text: object.text.clone(),
        prim: vec![PrimConfig { name: object.prim[0].name.clone(), ..PrimConfig::default() }],
        script: vec![ScriptConfig {
            listen: vec![ListenConfig::default()],
            answer: object.script[0].answer.clone(),
            ..ScriptConfig::default()
        }],
        ..ObjectConfig::default()
    };
    assert_eq!(*object, default);
    let domain = config.clep[0].domain.clone();
    assert_eq!(config.clep[0], ClepConfig { domain, ..ClepConfig::default() });
}

#[test]
fn documented_objects_are_valid() {
    for (document, count) in [(README, 1), (OBJECTS, 3)] {
        let (_, behind) = document.split_once("```toml\n").unwrap();
        let (text, _) = behind.split_once("```").unwrap();
        assert_eq!(from_file(text).unwrap().config.object.len(), count);
    }
}

#[test]
fn object_errors_name_the_key() {
    let script = |keys: &str| format!("[[object]]\n[[object.script]]\n{keys}");
    file_fails("[[object]]\nnmae = \"a\"", "holm.toml:2: unknown key object.0.nmae");
    file_fails("[[object]]\nname = \"\"", "holm.toml:2: object.0.name = \"\": must have from 1");
    file_fails("[[object]]\nregion = \"x\"", "object.0.region = \"x\": must be the name of a");
    file_fails("[[object]]\nsize = [1.0, 0.0, 1.0]", "holm.toml:2: object.0.size.1 = 0.0: ");
    file_fails("[[object]]\nposition = [1.0, 0.0, nan]", "object.0.position.2 = nan: must be");
    file_fails("[[object]]\nshape = \"ball\"", "holm.toml:2: object.0.shape = \"ball\": ");
    let long = format!("[[object]]\ntext = \"{}\"", "x".repeat(255));
    file_fails(&long, "must have at most 254 bytes");
    file_fails("[[object]]\n[[object]]", "object.1.name = \"Object\": must differ from the names");
    let uuid = "uuid = \"00000000-0000-4000-8000-00000000000a\"\n";
    let twice = format!("[[object]]\n{uuid}[[object]]\nname = \"B\"\n[[object.prim]]\n{uuid}");
    file_fails(&twice, "object.1.prim.0.uuid = ");
    let apart = "[[object]]\n[[object]]\nuuid = \"00000000-0000-4000-8000-00000000000a\"";
    assert!(from_file(apart).is_ok());

    file_fails(&script("behaviour = \"ehco\""), "holm.toml:3: object.0.script.0.behaviour = ");
    file_fails(&script("link = 2"), "object.0.script.0.link = 2: must be from 1 to 1");
    file_fails(&script("channel = 2147483648"), "object.0.script.0.channel = 2147483648: ");
    file_fails(&script("behaviour = \"relay\""), "object.0.script.0.to = 0: must differ from");
    file_fails(&script("behaviour = \"responder\""), "object.0.script.0.answer");
    file_fails(&script("domain = \"d\""), "object.0.script.0.domain = \"d\": does not apply");
    let region_say = "behaviour = \"relay\"\nchannel = 1\nmanner = \"region_say\"";
    file_fails(&script(region_say), "object.0.script.0.to = 0: must be a channel on which this");
    let ping = |domain: &str| script(&format!("behaviour = \"clep-ping\"\ndomain = \"{domain}\""));
    file_fails(&ping(""), "object.0.script.0.domain = \"\": must have from 1");
    file_fails(&ping("a\\nb"), "object.0.script.0.domain");
    file_fails(&ping("a\\nb"), "must not contain a newline");
    assert!(from_file(&ping("d")).is_ok());
    let same = script("[[object.script]]");
    file_fails(&same, "object.0.script.1.name = \"main\": must differ");
    let echo = script("behaviour = \"echo\"\n[[object.script.listen]]");
    file_fails(&echo, "object.0.script.0.listen");
    let key = script("[[object.script.listen]]\nkey = \"me\"");
    file_fails(&key, "object.0.script.0.listen.0.key = \"me\": must be a uuid");
    let answer = script("[[object.script.answer]]\nanswer = \"x\"");
    file_fails(&answer, "object.0.script.0.answer.0.pattern = \"\": must have from 1 to 1023");

    file_fails("[[clep]]", "clep.0.domain = \"\": must have from 1");
    file_fails("[[clep]]\ndomain = \"d\"\nregion = \"x\"", "clep.0.region = \"x\": must be");
    file_fails(
        "[[clep]]\ndomain = \"d\"\n[[clep]]\ndomain = \"d\"",
        "clep.1.domain = \"d\": must be watched only once",
    );
    file_fails("[lsl]\nsay_range = 5.0", "holm.toml:2: lsl.say_range = 5.0: must not be less");
}

#[test]
fn the_group_of_the_ready_made_accounts_goes_where_they_go() {
    let wanted = |file: &str| {
        let config = from_file(file).unwrap().config;
        config.wanted_groups().map(|(_, group)| group.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(wanted(""), ["Holm Residents"]);
    assert!(wanted("group = []").is_empty());
    assert!(wanted("[login]\ntest_accounts = false").is_empty());
    let own = "[login]\naccounts_file = \"a.json\"\n[[group]]\nname = \"Ours\"";
    assert_eq!(wanted(own), ["Ours"]);
}

#[test]
fn environment_errors_name_the_variable() {
    let fails = |variable: &str, value: &str, expected: &str| {
        let error = merged("", &[(variable, value)], &Overrides::default()).unwrap_err();
        let expected = format!("environment variable {variable}: {expected}");
        assert!(error.starts_with(&expected), "\n  got: {error}\n want: {expected}");
    };
    let port = "HOLM_NETWORK_HTTP_PORT";
    fails(port, "many", "network.http_port = many: expected an integer");
    fails(port, "70000", "network.http_port = 70000: must be a whole number from 0 to 65535");
    fails("HOLM_EVENT_QUEUE_HOLD_SECONDS", "5", "event_queue.hold_seconds = 5: must be from 11");
    fails("HOLM_NETWORK_HTPP_PORT", "1", "unknown key network_htpp_port");
    fails("HOLM_REGION_1_NAME", "B", "unknown key region_1_name");
}

#[test]
fn allowed_origins_are_checked_one_by_one() {
    let with = |origins: &str| format!("[http]\nallowed_origins = {origins}");
    let good = "[\"https://viewer.example\", \"http://127.0.0.1:8080\", \"http://[::1]:5173\"]";
    assert_eq!(from_file(&with(good)).unwrap().config.http.allowed_origins.len(), 3);
    for bad in [
        "*",
        "null",
        "viewer.example",
        "https://",
        "https://viewer.example/",
        "https://Viewer.example",
        "https://viewer.example:443",
        "https://viewer.example:",
        "https://viewer.example:080",
        "https://*.example",
        "https://user@viewer.example",
        "ftp://viewer.example",
        "http://[::1",
        "http://[0::1]",
    ] {
        let file = with(&format!("[\"http://localhost\", \"{bad}\"]"));
        let expected =
            format!("holm.toml:2: http.allowed_origins.1 = \"{bad}\": must be an origin");
        file_fails(&file, &expected);
    }
    let set = |value| merged("", &[("HOLM_HTTP_ALLOWED_ORIGINS", value)], &Overrides::default());
    let config = set("[\"https://viewer.example\"]").unwrap().config;
    assert_eq!(config.http.allowed_origins, ["https://viewer.example"]);
    let error = set("[\"viewer\"]").unwrap_err();
    assert!(error.starts_with("environment variable HOLM_HTTP_ALLOWED_ORIGINS: http."), "{error}");
}

#[test]
fn foreign_variables_are_left_alone_but_told() {
    let variables = [
        ("HOLM_CONFIG", "x"),
        ("HOLM_LOGIN_URI", "x"),
        ("HOLM_UDP", "x"),
        ("HOLM_PORT", "tcp://10.0.0.1:9000"),
        ("PATH", "/bin"),
    ];
    let loaded = merged("", &variables, &Overrides::default()).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert_eq!(loaded.warnings.len(), 1);
    assert!(loaded.warnings[0].contains("HOLM_PORT"));
}

#[test]
fn flag_errors_name_the_flag() {
    let open = Overrides {
        open: true,
        bind: Some(Ipv4Addr::UNSPECIFIED),
        external_host: Some("example.org".into()),
        ..Overrides::default()
    };
    let error = merged("", &[], &open).unwrap_err();
    assert!(error.starts_with("flag --open: login.open = true: lets anybody in"), "{error}");
    assert!(merged("[login]\nopen_anywhere = true", &[], &open).is_ok());

    let bind = Overrides { bind: Some(Ipv4Addr::UNSPECIFIED), ..Overrides::default() };
    let error = merged("", &[], &bind).unwrap_err();
    assert!(error.starts_with("flag --bind: network.bind = \"0.0.0.0\": "), "{error}");
}

#[test]
fn control_off_loopback_needs_a_token_that_errors_hide() {
    file_fails("[network]\ncontrol_bind = \"10.0.0.1\"", "network.control_token must be set");
    let error = from_file("[network]\ncontrol_token = \"secret\"").unwrap_err();
    assert!(error.contains("network.control_token = (hidden)"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn test_accounts_are_offered_on_loopback_without_other_accounts() {
    let offers = |file: &str| from_file(file).unwrap().config.offers_test_accounts();
    assert!(offers(""));
    assert!(!offers("[login]\ntest_accounts = false"));
    assert!(!offers("[login]\naccounts_file = \"a.json\""));
    assert!(!offers("[network]\nbind = \"0.0.0.0\"\nexternal_host = \"example.org\""));
}

#[test]
fn missing_file_is_named() {
    let error = load(Some(Path::new("/no/such.toml")), [], &Overrides::default()).unwrap_err();
    assert!(error.to_string().starts_with("/no/such.toml: "));
}
