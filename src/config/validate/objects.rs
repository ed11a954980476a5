//! Checks of ranges and contradictions in `[lsl]`, `[[object]]` and `[[clep]]`.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Problem, check, range, text};
use crate::config::{
    AnswerConfig, BehaviourKind, ClepConfig, Config, ListenConfig, LslConfig, Manner, ObjectConfig,
    RegionConfig, ScriptConfig,
};

/// Most objects; a region's bus takes twice as many.
const MOST_OBJECTS: usize = 10_000;
/// Most child prims of an object: with its root as many as a bus takes.
const MOST_CHILDREN: usize = 255;
/// Most scripts of a prim.
const MOST_SCRIPTS: usize = 64;
/// Most listens of a script.
const MOST_LISTENS: usize = 65;
/// Most answers of a script.
const MOST_ANSWERS: usize = 1000;
/// Longest hover text, bytes; the wire has one more for the zero.
const LONGEST_TEXT: usize = 254;
/// Longest line of chat, bytes.
const LONGEST_LINE: usize = 1023;

pub(super) fn lsl(lsl: &LslConfig) -> Result<(), Problem> {
    range("lsl.whisper_range", lsl.whisper_range, 0.0..=4096.0)?;
    range("lsl.say_range", lsl.say_range, 0.0..=4096.0)?;
    range("lsl.listens_per_script", lsl.listens_per_script, 0..=10_000)?;
    range("lsl.shout_range", lsl.shout_range, 0.0..=4096.0)?;
    let order = "must not be less than the range of quieter chat";
    check(lsl.whisper_range <= lsl.say_range, "lsl.say_range", order)?;
    check(lsl.say_range <= lsl.shout_range, "lsl.shout_range", order)
}

pub(super) fn objects(config: &Config) -> Result<(), Problem> {
    range("object", config.object.len(), 0..=MOST_OBJECTS)?;
    let mut keys = HashSet::new();
    for (number, object) in config.object.iter().enumerate() {
        one(&format!("object.{number}"), object, &config.region, &mut keys)?;
    }
    range("clep", config.clep.len(), 0..=MOST_ANSWERS)?;
    let mut names = HashSet::new();
    for (number, watched) in config.clep.iter().enumerate() {
        clep(&format!("clep.{number}"), watched, &config.region)?;
        let name = (&watched.dialect, &watched.service, &watched.domain, &watched.region);
        let key = format!("clep.{number}.domain");
        check(names.insert(name), &key, "must be watched only once in a region")?;
    }
    Ok(())
}

fn one(
    at: &str,
    object: &ObjectConfig,
    regions: &[RegionConfig],
    keys: &mut HashSet<Uuid>,
) -> Result<(), Problem> {
    let key = |name: &str| format!("{at}.{name}");
    text(&key("name"), &object.name, 1..=63)?;
    let region = region(&key("region"), &object.region, regions)?;
    let root = object.id(region);
    unused(at, object.uuid, root, keys)?;
    text(&key("owner"), &object.owner, 1..=255)?;
    for (axis, value) in object.position.into_iter().enumerate() {
        let allowed = if axis == 2 { -100.0..=4096.0 } else { 0.0..=256.0 };
        range(&key(&format!("position.{axis}")), value, allowed)?;
    }
    size(&key("size"), object.size)?;
    hover(&key("text"), &object.text)?;
    text(&key("description"), &object.description, 0..=127)?;
    range(&key("prim"), object.prim.len(), 0..=MOST_CHILDREN)?;
    for (number, prim) in object.prim.iter().enumerate() {
        let at = key(&format!("prim.{number}"));
        text(&format!("{at}.name"), &prim.name, 1..=63)?;
        unused(&at, prim.uuid, prim.id(root, number + 2), keys)?;
        for (axis, value) in prim.offset.into_iter().enumerate() {
            range(&format!("{at}.offset.{axis}"), value, -256.0..=256.0)?;
        }
        size(&format!("{at}.size"), prim.size)?;
        hover(&format!("{at}.text"), &prim.text)?;
    }
    let prims = object.prim.len() + 1;
    range(&key("script"), object.script.len(), 0..=prims * MOST_SCRIPTS)?;
    let mut names = HashSet::new();
    for (number, script) in object.script.iter().enumerate() {
        let at = key(&format!("script.{number}"));
        range(&format!("{at}.link"), script.link, 1..=prims)?;
        let is_new = names.insert((script.link, &script.name));
        let differ = "must differ from the names of the other scripts of the prim";
        check(is_new, &format!("{at}.name"), differ)?;
        self::script(&at, script)?;
    }
    let crowded = (1..=prims).any(|link| {
        object.script.iter().filter(|script| script.link == link).count() > MOST_SCRIPTS
    });
    check(!crowded, &key("script"), "must have at most 64 entries in each prim")
}

/// A key that no prim has yet.
fn unused(
    at: &str,
    given: Option<Uuid>,
    id: Uuid,
    keys: &mut HashSet<Uuid>,
) -> Result<(), Problem> {
    let uuid = format!("{at}.uuid");
    check(!id.is_nil(), &uuid, "must not be the all-zero id")?;
    let is_new = keys.insert(id);
    if given.is_some() {
        return check(is_new, &uuid, "must differ from the ids of the other prims");
    }
    let text = "must differ from the names of the other objects of its region that have no uuid";
    check(is_new, &format!("{at}.name"), text)
}

fn region(key: &str, name: &str, regions: &[RegionConfig]) -> Result<Uuid, Problem> {
    let wanted = name.to_lowercase();
    let mut regions = regions.iter();
    let found = regions.find(|region| name.is_empty() || region.name.to_lowercase() == wanted);
    check(found.is_some(), key, "must be the name of a region, or empty for the first")?;
    Ok(found.map(RegionConfig::id).unwrap_or_default())
}

fn script(at: &str, script: &ScriptConfig) -> Result<(), Problem> {
    let key = |name: &str| format!("{at}.{name}");
    text(&key("name"), &script.name, 1..=63)?;
    range(&key("listen"), script.listen.len(), 0..=MOST_LISTENS)?;
    range(&key("answer"), script.answer.len(), 0..=MOST_ANSWERS)?;
    let is_responder = script.is_responder();
    let listens = is_responder || script.behaviour == BehaviourKind::None;
    let no_meaning = "does not apply to this behaviour";
    check(script.listen.is_empty() || listens, &key("listen"), no_meaning)?;
    check(script.answer.is_empty() || is_responder, &key("answer"), no_meaning)?;
    check(
        !is_responder || !script.answer.is_empty(),
        &key("answer"),
        "must have at least one entry",
    )?;
    if script.behaviour == BehaviourKind::Relay {
        let differ = "must differ from channel; the behaviour echo repeats on the same channel";
        check(script.to != script.channel, &key("to"), differ)?;
        speaks(&key("to"), script.manner, script.to)?;
    }
    if script.behaviour == BehaviourKind::ClepPing {
        name(at, &script.dialect, &script.service, &script.domain)?;
    } else {
        check(script.domain.is_empty(), &key("domain"), no_meaning)?;
        check(script.service.is_empty(), &key("service"), no_meaning)?;
    }
    for (number, listen) in script.listen.iter().enumerate() {
        self::listen(&key(&format!("listen.{number}")), listen)?;
    }
    for (number, answer) in script.answer.iter().enumerate() {
        self::answer(&key(&format!("answer.{number}")), answer)?;
    }
    Ok(())
}

fn listen(at: &str, listen: &ListenConfig) -> Result<(), Problem> {
    text(&format!("{at}.name"), &listen.name, 0..=254)?;
    let is_key = listen.key.is_empty() || Uuid::try_parse(&listen.key).is_ok();
    check(is_key, &format!("{at}.key"), "must be a uuid, or empty for any")?;
    line(&format!("{at}.message"), &listen.message, 0)
}

fn answer(at: &str, answer: &AnswerConfig) -> Result<(), Problem> {
    line(&format!("{at}.pattern"), &answer.pattern, 1)?;
    line(&format!("{at}.answer"), &answer.answer, 1)?;
    match answer.channel {
        Some(channel) => speaks(&format!("{at}.channel"), answer.manner, channel),
        None => Ok(()),
    }
}

/// A channel on which that manner says anything.
fn speaks(key: &str, manner: Manner, channel: i32) -> Result<(), Problem> {
    let holds = match manner {
        Manner::RegionSay => channel != 0,
        Manner::RegionSayTo => channel != i32::MAX,
        _ => true,
    };
    check(holds, key, "must be a channel on which this manner can speak")
}

fn clep(at: &str, watched: &ClepConfig, regions: &[RegionConfig]) -> Result<(), Problem> {
    name(at, &watched.dialect, &watched.service, &watched.domain)?;
    region(&format!("{at}.region"), &watched.region, regions).map(drop)
}

/// A name of CLEP, as far as it can be judged here.
fn name(at: &str, dialect: &str, service: &str, domain: &str) -> Result<(), Problem> {
    text(&format!("{at}.dialect"), dialect, 1..=63)?;
    let newline = "must not contain a newline";
    check(!service.contains('\n'), &format!("{at}.service"), newline)?;
    check(!domain.contains('\n'), &format!("{at}.domain"), newline)?;
    check(service.len() <= LONGEST_LINE, &format!("{at}.service"), "must have at most 1023 bytes")?;
    let length = "must have from 1 to 1023 bytes of utf-8";
    check((1..=LONGEST_LINE).contains(&domain.len()), &format!("{at}.domain"), length)
}

fn size(key: &str, size: [f32; 3]) -> Result<(), Problem> {
    for (axis, value) in size.into_iter().enumerate() {
        range(&format!("{key}.{axis}"), value, 0.01..=64.0)?;
    }
    Ok(())
}

/// Hover text has lines.
fn hover(key: &str, value: &str) -> Result<(), Problem> {
    let short = value.len() <= LONGEST_TEXT && !value.contains('\0');
    check(short, key, "must have at most 254 bytes of utf-8, none of them zero")
}

fn line(key: &str, value: &str, least: usize) -> Result<(), Problem> {
    let fits = (least..=LONGEST_LINE).contains(&value.len()) && !value.contains('\0');
    check(fits, key, &format!("must have from {least} to 1023 bytes of utf-8, none of them zero"))
}
