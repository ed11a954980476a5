//! Logins as real clients send them, and answers with everything that is known to break a client.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use uuid::Uuid;

use super::{
    AccountBenefits, Arrival, Benefits, Buddy, FailureReason, Folder, GlobalTextures, HomeLocation,
    Identity, InitialOutfit, Inventory, LoginBodyProblem, LoginCall, LoginFailure, LoginMethod,
    LoginOptions, LoginRequest, LoginRequestError, LoginSuccess, Maturity, Password, StartLocation,
    StartedAt, Wire, parse_login, parse_start, xmlrpc,
};
use crate::ids::{AgentId, CircuitCode, RegionHandle, SecureSessionId, SessionId};
use crate::llsd::{self, Limits, Llsd, array, binary, map, notation};

const DIGEST: &str = "098f6bcd4621d373cade4e832627b4f6";

fn call(members: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<methodCall><methodName>login_to_simulator</methodName><params>\
         <param><value><struct>{members}</struct></value></param></params></methodCall>"
    )
}

fn member(name: &str, value: &str) -> String {
    format!("<member><name>{name}</name>{value}</member>")
}

fn texts(members: &[(&str, &str)]) -> String {
    let member = |(name, text): &(&str, &str)| {
        member(name, &format!("<value><string>{text}</string></value>"))
    };
    members.iter().map(member).collect()
}

fn login(body: &[u8]) -> LoginRequest {
    match parse_login(Some("text/xml"), body) {
        Ok(LoginCall { method: LoginMethod::Login(request), .. }) => *request,
        other => panic!("no login: {other:?}"),
    }
}

fn base() -> String {
    texts(&[("first", "Test"), ("last", "User"), ("passwd", &format!("$1${DIGEST}"))])
}

#[test]
fn viewer_login_with_real_types() {
    let body = call(
        &[
            base(),
            texts(&[
                ("start", "uri:My%20Region&amp;amp;10&amp;amp;20&amp;amp;30"),
                ("channel", "Second Life Release"),
                ("version", "7.2.3.1"),
                ("platform", "lnx"),
                ("mac", "00112233445566778899aabbccddeeff"),
                ("id0", "ffeeddccbbaa99887766554433221100"),
                ("token", " 123 456 "),
                ("mfa_hash", ""),
                ("unknown", "x"),
            ]),
            member("agree_to_tos", "<value><boolean>1</boolean></value>"),
            member("read_critical", "<value><boolean>0</boolean></value>"),
            member("extended_errors", "<value><int>1</int></value>"),
            member("address_size", "<value><i4>64</i4></value>"),
            member("last_exec_duration", "<value><i4>3600</i4></value>"),
            member(
                "options",
                "<value><array><data><value><string>inventory-root</string></value>\
             <value>buddy-list</value></data></array></value>",
            ),
        ]
        .concat(),
    );
    let request = login(format!("\u{feff}{body}").as_bytes());
    assert_eq!((request.first.as_str(), request.last.as_str()), ("Test", "User"));
    assert_eq!(request.password, Password::Md5(DIGEST.to_owned()));
    assert_eq!(
        request.start,
        StartLocation::Uri { region: "My Region".to_owned(), x: 10.0, y: 20.0, z: 30.0 }
    );
    assert!(request.agree_to_tos && !request.read_critical && request.extended_errors);
    assert_eq!((request.address_size, request.last_exec_duration), (64, 3600));
    assert_eq!(request.token.as_deref(), Some("123456"));
    assert_eq!(request.mfa_hash.as_deref(), Some(""));
    assert_eq!(request.options, LoginOptions::new(["inventory-root", "buddy-list"]));
    assert_eq!(request.channel, "Second Life Release");
}

#[test]
fn benthic_sends_only_strings_and_no_options() {
    let body = call(
        &[
            base(),
            texts(&[
                ("start", "last"),
                ("agree_to_tos", "true"),
                ("read_critical", "false"),
                ("address_size", "64"),
            ]),
            member("host_id", "<value><string /></value>"),
            member("options", "<value><array><data></data></array></value>"),
        ]
        .concat(),
    );
    let request = login(body.as_bytes());
    assert!(request.agree_to_tos && !request.read_critical);
    assert_eq!(request.address_size, 64);
    assert_eq!(request.start, StartLocation::Last);
    assert!(request.options.wants("inventory-skeleton"));
    assert_eq!((request.token, request.mfa_hash), (None, None));
}

#[test]
fn node_metaverse_sends_empty_values_and_cdata() {
    let body = call(&[
        base(),
        member("start", "<value><string><![CDATA[uri:Holm&128.5&64&30]]></string></value>"),
        member("agree_to_tos", "<value/>"),
        member("read_critical", "<value></value>"),
        member("options", "<value><array><data><value><string>ui-config</string></value></data></array></value>"),
    ]
    .concat());
    let request = login(body.replacen("<?xml version=\"1.0\"?>\n", "", 1).as_bytes());
    assert_eq!(
        request.start,
        StartLocation::Uri { region: "Holm".to_owned(), x: 128.5, y: 64.0, z: 30.0 }
    );
    assert!(!request.agree_to_tos && !request.read_critical);
    assert!(request.options.wants("ui-config") && !request.options.wants("gestures"));
}

#[test]
fn libomv_sends_llsd_in_any_encoding() {
    let fields = map! {
        "first" => "Test", "last" => "User", "passwd" => format!("$1${}", DIGEST.to_uppercase()),
        "start" => "home", "agree_to_tos" => true, "last_exec_event" => 2,
        "options" => array!["inventory-root"],
    };
    let notation_body = notation::write(&fields);
    for (content_type, body) in [
        (Some("application/llsd+xml"), llsd::xml::write(&fields).into_bytes()),
        (Some("application/xml"), llsd::xml::write(&fields).into_bytes()),
        (None, llsd::xml::write(&fields).into_bytes()),
        (Some("application/llsd+binary"), binary::write(&fields)),
        (Some("application/llsd+notation"), notation_body.into_bytes()),
    ] {
        let call = parse_login(content_type, &body).expect("login");
        assert_eq!(call.wire, Wire::Llsd);
        let LoginMethod::Login(request) = call.method else { panic!("no login") };
        assert_eq!(request.password, Password::Md5(DIGEST.to_owned()));
        assert_eq!(request.start, StartLocation::Home);
        assert!(request.agree_to_tos);
        assert_eq!(request.last_exec_event, 2);
    }
}

#[test]
fn names_in_every_form() {
    for (fields, expected) in [
        (map! { "first" => " Test ", "last" => "User" }, Ok(("Test", "User"))),
        (map! { "first" => "Test" }, Ok(("Test", "Resident"))),
        (map! { "first" => "Test User", "last" => "" }, Ok(("Test", "User"))),
        (map! { "username" => "test.user" }, Ok(("test", "user"))),
        (map! { "username" => "test user" }, Ok(("test", "user"))),
        (map! { "username" => "test" }, Ok(("test", "Resident"))),
        (map! { "last" => "User" }, Err(LoginRequestError::Missing("first"))),
        (map! { "first" => "Test." }, Err(LoginRequestError::Missing("last"))),
        (map! { "first" => array![] }, Err(LoginRequestError::Invalid("first"))),
        (map! { "first" => "Te\u{7}st" }, Err(LoginRequestError::Invalid("first"))),
        (map! { "username" => "x".repeat(64) }, Err(LoginRequestError::TooLong("username"))),
        (map! { "first" => "x".repeat(1025) }, Err(LoginRequestError::TooLong("first"))),
        (Llsd::Undef, Err(LoginRequestError::NoFields)),
    ] {
        let mut fields = fields;
        if !fields.is_undef() {
            fields.insert("passwd", "secret");
        }
        let got = LoginRequest::from_llsd(&fields).map(|request| (request.first, request.last));
        let expected = expected.map(|(first, last)| (first.to_owned(), last.to_owned()));
        assert_eq!(got, expected, "{fields:?}");
    }
}

#[test]
fn passwords_in_every_form_and_never_in_debug() {
    let read = |fields: Llsd| {
        let mut fields = fields;
        fields.insert("first", "Test");
        LoginRequest::from_llsd(&fields).map(|request| request.password)
    };
    assert_eq!(read(map! { "passwd" => "secret" }), Ok(Password::Plain("secret".to_owned())));
    assert_eq!(
        read(map! { "web_login_key" => "some-key" }),
        Ok(Password::Md5("some-key".to_owned()))
    );
    assert_eq!(read(map! { "passwd" => "" }), Err(LoginRequestError::Missing("passwd")));
    assert_eq!(read(map! { "passwd" => "$1$abc" }), Err(LoginRequestError::Invalid("passwd")));
    let shown = format!("{:?}", Password::Plain("secret".to_owned()));
    assert!(!shown.contains("secret"));
}

#[test]
fn start_in_all_forms() {
    let place = |region: &str, x, y, z| StartLocation::Uri { region: region.to_owned(), x, y, z };
    for (text, expected) in [
        ("", StartLocation::Last),
        (" last ", StartLocation::Last),
        ("HOME", StartLocation::Home),
        ("safe", StartLocation::Safe),
        ("uri:A B&1&2&3", place("A B", 1.0, 2.0, 3.0)),
        ("uri:A&amp;1&amp;2.5&amp;-3", place("A", 1.0, 2.5, -3.0)),
        ("URI:A%20%C3%A9%zz&1&2&3", place("A é%zz", 1.0, 2.0, 3.0)),
        ("uri:100%&1&2&3", place("100%", 1.0, 2.0, 3.0)),
        ("uri:Bad%ff&1&2&3", place("Bad%ff", 1.0, 2.0, 3.0)),
        ("uri:A & B&1&2&3", place("A & B", 1.0, 2.0, 3.0)),
        ("uri:A", place("A", 128.0, 128.0, 30.0)),
    ] {
        assert_eq!(parse_start(text), Ok(expected), "{text}");
    }
    for text in ["A", "uri:", "uri:&1&2&3", "uri:A&1&2", "uri:A&x&2&3", "uri:A&nan&2&3", "urß"] {
        assert_eq!(parse_start(text), Err(LoginRequestError::Invalid("start")), "{text}");
    }
}

#[test]
fn grid_info_is_a_method_and_others_are_faults() {
    let body = |method| format!("<methodCall><methodName>{method}</methodName></methodCall>");
    assert_eq!(
        parse_login(Some("text/xml"), body("get_grid_info").as_bytes()),
        Ok(LoginCall { wire: Wire::XmlRpc, method: LoginMethod::GridInfo })
    );
    let error =
        parse_login(Some("text/xml"), body("system.listMethods").as_bytes()).expect_err("method");
    assert_eq!(error.problem, LoginBodyProblem::UnknownMethod);
    let (wire, answer) = error.answer().expect("answer");
    assert_eq!(wire.content_type(), "text/xml");
    let fault = xmlrpc::parse_response(answer.as_bytes(), &Limits::SMALL).expect("answer");
    assert_eq!(fault.expect_err("fault").code, -32601);
}

#[test]
fn bad_bodies_get_the_answer_that_their_protocol_has() {
    // A call that breaks off: a fault.
    let error = parse_login(None, b"<methodCall><methodName>x").expect_err("broken");
    let (_, answer) = error.answer().expect("answer");
    let fault = xmlrpc::parse_response(answer.as_bytes(), &Limits::SMALL).expect("answer");
    assert_eq!(fault.expect_err("fault").code, -32700);

    // A bad field: a refusal that names it, in the wire of the request, with nothing echoed.
    let bad = texts(&[("first", "Test"), ("passwd", "$1$hunter2")]);
    let error = parse_login(None, call(&bad).as_bytes()).expect_err("passwd");
    let (wire, answer) = error.answer().expect("answer");
    assert_eq!(wire, Wire::XmlRpc);
    let fields = xmlrpc::parse_response(answer.as_bytes(), &Limits::SMALL).expect("answer");
    let fields = fields.expect("no fault");
    assert_eq!(fields.get("login").as_str(), Some("false"));
    assert_eq!(fields.get("reason").as_str(), Some("key"));
    assert_eq!(fields.get("message").as_str(), Some("login field `passwd` is invalid"));
    assert!(!answer.contains("hunter2"));

    let error = parse_login(None, b"<llsd><array /></llsd>").expect_err("no map");
    assert_eq!(error.answer().map(|(wire, _)| wire), Some(Wire::Llsd));

    // Neither one nor the other: HTTP 400.
    for body in [&b""[..], b"hello", b"<html></html>", b"\xff\xfe", b"<llsd><map>"] {
        assert_eq!(parse_login(Some("text/xml"), body).expect_err("garbage").answer(), None);
    }
    let huge = format!("<llsd><map><key>{}</key></map></llsd>", "x".repeat(65 << 10));
    assert!(parse_login(None, huge.as_bytes()).expect_err("huge").problem.is_too_large());
}

fn success() -> LoginSuccess {
    let folder = |id, parent, name: &str, type_default| Folder {
        id: Uuid::from_u128(id),
        parent: Uuid::from_u128(parent),
        name: name.to_owned(),
        version: 1,
        type_default,
    };
    let identity = Identity {
        agent_id: AgentId(Uuid::from_u128(1)),
        session_id: SessionId(Uuid::from_u128(2)),
        secure_session_id: SecureSessionId(Uuid::from_u128(3)),
        first_name: "Test".to_owned(),
        quotes_first_name: true,
        last_name: "O'User & <Co>".to_owned(),
        display_name: None,
        agent_access: Maturity::Mature,
        agent_access_max: Maturity::Adult,
        agent_region_access: Maturity::General,
    };
    let arrival = Arrival {
        circuit_code: CircuitCode(0x7FFF_FFFF),
        sim_ip: Ipv4Addr::LOCALHOST,
        sim_port: 9000,
        http_port: 9001,
        region: RegionHandle::from_grid(1000, 1001),
        region_size: [256, 256],
        seed_capability: "http://127.0.0.1:9001/CAPS/x/".to_owned(),
        start_location: StartedAt::Url,
        look_at: [1.0, 0.0, f32::NAN],
    };
    let inventory = Inventory {
        root: Uuid::from_u128(8),
        folders: vec![folder(8, 0, "My Inventory", 8), folder(46, 8, "Current Outfit", 46)],
        library_root: Uuid::from_u128(9),
        library_owner: Uuid::from_u128(10),
        library_folders: vec![folder(9, 0, "Library", 8)],
    };
    let mut success = LoginSuccess::new(identity, arrival, inventory);
    success.home = Some(HomeLocation {
        region: RegionHandle::from_grid(1000, 1000),
        position: [128.0, 128.5, 30.0],
        look_at: [1.0, 0.0, 0.0],
    });
    success.message = "Welcome\u{0}".to_owned();
    success.seconds_since_epoch = 5_000_000_000;
    success.global_textures =
        Some(GlobalTextures { sun: Uuid::nil(), cloud: Uuid::nil(), moon: Uuid::nil() });
    success.initial_outfit =
        Some(InitialOutfit { folder_name: "Outfit".to_owned(), gender: "female".to_owned() });
    success.buddies =
        vec![Buddy { id: AgentId(Uuid::from_u128(7)), rights_has: 1, rights_given: 3 }];
    success.gestures = vec![(Uuid::from_u128(4), Uuid::from_u128(5))];
    success.voice_server_type = Some("webrtc".to_owned());
    success.benefits = Some(AccountBenefits::uniform(&Benefits::default()));
    success
}

fn answer() -> (String, Llsd) {
    let text = success().write(Wire::XmlRpc, &LoginOptions::default());
    let tree = xmlrpc::parse_response(text.as_bytes(), &Limits::DEFAULT).expect("answer");
    (text, tree.expect("no fault"))
}

#[test]
fn benthic_reads_the_answer() {
    let (text, tree) = answer();
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?><methodResponse>"));
    for tag in [
        "<int>",
        "<double>",
        "<dateTime",
        "<base64>",
        "<nil",
        "<boolean>",
        "<![CDATA[",
        "<string/>",
    ] {
        assert!(!text.contains(tag), "{tag}");
    }
    // Every value has a type.
    let values = text.matches("<value>").count();
    let typed = ["<string>", "<i4>", "<array>", "<struct>"];
    assert_eq!(
        typed.iter().map(|tag| text.matches(&format!("<value>{tag}")).count()).sum::<usize>(),
        values
    );
    assert_eq!(*tree.get("inventory-root"), array![map! { "folder_id" => id(8) }]);
    assert_eq!(*tree.get("inventory-lib-owner"), array![map! { "agent_id" => id(10) }]);
    assert_eq!(*tree.get("inventory-lib-root"), array![map! { "folder_id" => id(9) }]);
}

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

#[test]
fn libomv_finds_each_field_in_its_type() {
    let (_, tree) = answer();
    assert_eq!(*tree.get("login"), "true".into());
    for (name, value) in [
        ("circuit_code", 0x7FFF_FFFF),
        ("sim_port", 9000),
        ("region_x", 256_000),
        ("region_y", 256_256),
        ("region_size_x", 256),
        ("max-agent-groups", 42),
        ("seconds_since_epoch", i32::MAX),
    ] {
        assert_eq!(*tree.get(name), Llsd::Integer(value), "{name}");
    }
    for (name, text) in [
        ("agent_id", id(1)),
        ("session_id", id(2)),
        ("secure_session_id", id(3)),
        ("first_name", "\"Test\"".to_owned()),
        ("last_name", "O'User & <Co>".to_owned()),
        ("sim_ip", "127.0.0.1".to_owned()),
        ("look_at", "[r1,r0,r0]".to_owned()),
        ("start_location", "url".to_owned()),
        ("agent_access", "M".to_owned()),
        ("message", "Welcome".to_owned()),
        ("seed_capability", "http://127.0.0.1:9001/CAPS/x/".to_owned()),
    ] {
        assert_eq!(*tree.get(name), Llsd::String(text), "{name}");
    }
    // The first packet of a listed kind would end its reading thread.
    assert!(tree.get("udp_blacklist").is_undef());
    let folder = tree.get("inventory-skeleton").at(1);
    assert_eq!(*folder.get("type_default"), Llsd::Integer(46));
    assert_eq!(*folder.get("version"), Llsd::Integer(1));
    assert_eq!(*tree.get("buddy-list").at(0).get("buddy_rights_given"), Llsd::Integer(3));
}

#[test]
fn xml_rpc_answer_is_written_as_any_other_tree() {
    let (text, tree) = answer();
    assert_eq!(text, xmlrpc::write_response(&tree));
}

#[test]
fn node_metaverse_can_turn_home_into_json() {
    let (_, tree) = answer();
    let home = tree.get("home").as_string();
    assert_eq!(
        home,
        "{'region_handle':[r256000,r256000], 'position':[r128,r128.5,r30], 'look_at':[r1,r0,r0]}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&home.replace(['[', ']', '\''], "\"")).expect("json");
    assert_eq!(json["region_handle"], "r256000,r256000");
    assert_eq!(
        notation::parse(home.as_bytes()).expect("notation").get("position").at(1),
        &128.5.into()
    );
    for list in [
        "gestures",
        "event_categories",
        "classified_categories",
        "login-flags",
        "ui-config",
        "inventory-skel-lib",
    ] {
        assert!(matches!(tree.get(list), Llsd::Array(_)), "{list}");
    }
}

#[test]
fn viewer_finds_benefits_and_flags() {
    let (_, tree) = answer();
    let names = [
        "animated_object_limit",
        "animation_upload_cost",
        "attachment_limit",
        "create_group_cost",
        "group_membership_limit",
        "picks_limit",
        "sound_upload_cost",
        "texture_upload_cost",
    ];
    let packages = tree.get("premium_packages");
    for benefits in [
        tree.get("account_level_benefits"),
        packages.get("Base").get("benefits"),
        packages.get("Premium").get("benefits"),
    ] {
        for name in names {
            assert!(matches!(benefits.get(name), Llsd::Integer(_)), "{name}");
        }
    }
    assert_eq!(tree.get("login-flags").at(0).get("ever_logged_in").as_str(), Some("Y"));
    assert_eq!(
        tree.get("classified_categories").at(8).get("category_name").as_str(),
        Some("Personal")
    );
}

#[test]
fn options_leave_out_what_nobody_asked_for() {
    let options = LoginOptions::new(["inventory-skeleton", "gestures"]);
    let text = success().write(Wire::Llsd, &options);
    let tree = llsd::xml::parse(text.as_bytes()).expect("answer");
    for part in
        ["inventory-root", "inventory-lib-owner", "inventory-skeleton", "gestures", "login-flags"]
    {
        assert!(!tree.get(part).is_undef(), "{part}");
    }
    for part in
        ["inventory-skel-lib", "buddy-list", "event_categories", "ui-config", "voice-config"]
    {
        assert!(tree.get(part).is_undef(), "{part}");
    }
}

#[test]
fn llsd_answer_is_the_same_tree() {
    let (_, tree) = answer();
    let text = success().write(Wire::Llsd, &LoginOptions::default());
    assert!(text.starts_with("<llsd><map><key>login</key><string>true</string>"));
    assert_eq!(Wire::Llsd.content_type(), "application/llsd+xml");
    assert_eq!(llsd::xml::parse(text.as_bytes()).as_ref(), Ok(&tree));
    // Written as any other tree of that wire is.
    assert_eq!(text, Wire::Llsd.write(&tree));
    let mut nobody = success();
    nobody.identity.last_name = String::new();
    nobody.inventory.folders.clear();
    let text = nobody.write(Wire::Llsd, &LoginOptions::default());
    assert!(text.contains("<key>last_name</key><string />"), "{text}");
    assert!(text.contains("<key>inventory-skeleton</key><array />"), "{text}");
}

#[test]
fn refusals_carry_what_viewers_act_on() {
    let mut failure = LoginFailure::new(FailureReason::MfaChallenge, "Code, please");
    failure.message_id = Some("LoginFailedAuthenticationMFARequired".to_owned());
    failure.message_args = vec![("TIME".to_owned(), "now".to_owned())];
    failure.mfa_hash = Some("abc".to_owned());
    assert_eq!(
        failure.to_llsd(),
        map! {
            "login" => "false",
            "reason" => "mfa_challenge",
            "message" => "Code, please",
            "message_id" => "LoginFailedAuthenticationMFARequired",
            "message_args" => map! { "TIME" => "now" },
            "mfa_hash" => "abc",
        }
    );
    let plain = LoginFailure::new(FailureReason::Presence, "Already here").to_llsd();
    assert_eq!(
        plain,
        map! { "login" => "false", "reason" => "presence", "message" => "Already here" }
    );
}

proptest! {
    #[test]
    fn any_body_is_answered(body in any::<Vec<u8>>()) {
        let _ = parse_login(None, &body).map_err(|error| error.answer());
    }

    #[test]
    fn any_field_is_answered(name in "first|last|passwd|start|options|token", text in any::<String>()) {
        let mut fields = map! { "first" => "Test", "passwd" => "x" };
        fields.insert(name, text);
        let body = xmlrpc::write_call("login_to_simulator", &[fields]);
        let _ = parse_login(None, body.as_bytes()).map_err(|error| error.answer());
    }
}
