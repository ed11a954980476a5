//! The scripted objects and watched names of the configuration, created before the server is ready.

use thiserror::Error;

use crate::clep::{Dialect, Name};
use crate::config::{BehaviourKind, Config, ObjectConfig, ScriptConfig};
use crate::ids::PrimId;
use crate::lsl::{EventKinds, Owner};
use crate::message::Vector3;
use crate::objects::{
    Behaviour, Driver, ListenConfig, NewObject, NewPrim, NewScript, ObjectReport,
};
use crate::region::RegionLink;
use crate::scripts::{AccessError, ObjectAccess};

/// Why an object or a name of the configuration cannot be created.
#[derive(Debug, Error)]
#[error("{key}: {problem}")]
pub struct ConfiguredObjectError {
    /// The key, dotted, such as `object.0.owner`.
    pub key: String,
    /// What is wrong.
    pub problem: String,
}

/// Makes what the configuration wants.
///
/// # Errors
/// The first that cannot be made; those before it stay.
pub(super) async fn create(
    config: &Config,
    access: &ObjectAccess,
) -> Result<(), ConfiguredObjectError> {
    for (number, object) in config.object.iter().enumerate() {
        let at = format!("object.{number}");
        let failed = |error| failed(&at, &error);
        let region = access.region(Some(&object.region)).map_err(failed)?;
        let owner = access.owner(&object.owner).await.map_err(failed)?;
        let new = new_object(&at, object, region, owner)?;
        let made = access.create(region, new).await.map_err(failed)?;
        listen(&at, object, &made, region, access).await?;
    }
    for (number, watched) in config.clep.iter().enumerate() {
        let at = format!("clep.{number}");
        let failed = |error| failed(&at, &error);
        let region = access.region(Some(&watched.region)).map_err(failed)?;
        let name = name(&at, &watched.dialect, &watched.service, &watched.domain)?;
        access.watch_clep(region, name).await.map_err(failed)?;
    }
    if !config.object.is_empty() {
        tracing::info!(count = config.object.len(), "objects made");
    }
    Ok(())
}

/// The listens of scripts that only record; behaviours see to their own.
async fn listen(
    at: &str,
    object: &ObjectConfig,
    made: &ObjectReport,
    region: &RegionLink,
    access: &ObjectAccess,
) -> Result<(), ConfiguredObjectError> {
    for (number, script) in object.script.iter().enumerate() {
        if script.behaviour != BehaviourKind::None || script.is_responder() {
            continue;
        }
        let prim = made.prims.get(script.link.saturating_sub(1));
        let mut scripts = prim.into_iter().flat_map(|prim| &prim.scripts);
        let Some(found) = scripts.find(|found| found.name == script.name) else { continue };
        for (place, listen) in script.listen.iter().enumerate() {
            let at = format!("{at}.script.{number}.listen.{place}");
            let call = listen.clone().into();
            let outcome = access.call(region, found.id, call).await;
            let outcome = outcome.map_err(|error| failed(&at, &error))?;
            if outcome.handle.is_none_or(|handle| handle < 0) {
                let problem = "the region takes no more listens".to_owned();
                return Err(ConfiguredObjectError { key: at, problem });
            }
        }
    }
    Ok(())
}

fn new_object(
    at: &str,
    object: &ObjectConfig,
    region: &RegionLink,
    owner: Owner,
) -> Result<NewObject, ConfiguredObjectError> {
    let root = object.id(region.info.id.0);
    let mut prims = vec![NewPrim {
        id: Some(PrimId(root)),
        name: object.name.clone(),
        description: object.description.clone(),
        offset: Vector3::default(),
        size: vector(object.size),
        shape: object.shape,
        text: object.text.clone(),
    }];
    prims.extend(object.prim.iter().enumerate().map(|(number, prim)| NewPrim {
        id: Some(PrimId(prim.id(root, number + 2))),
        name: prim.name.clone(),
        description: String::new(),
        offset: vector(prim.offset),
        size: vector(prim.size),
        shape: prim.shape,
        text: prim.text.clone(),
    }));
    let mut scripts = Vec::new();
    for (number, script) in object.script.iter().enumerate() {
        scripts.push(NewScript {
            link: script.link,
            name: script.name.clone(),
            handlers: EventKinds::all(),
            driver: driver(&format!("{at}.script.{number}"), script)?,
        });
    }
    let position = vector(object.position);
    Ok(NewObject { owner, position, worn: None, prims, scripts, start: 0 })
}

fn driver(at: &str, script: &ScriptConfig) -> Result<Driver, ConfiguredObjectError> {
    let behaviour = match script.behaviour {
        BehaviourKind::Echo => Behaviour::Echo { channel: script.channel },
        BehaviourKind::Relay => {
            Behaviour::Relay { from: script.channel, to: script.to, manner: script.manner }
        }
        BehaviourKind::ClepPing => {
            let name = name(at, &script.dialect, &script.service, &script.domain)?;
            Behaviour::ClepPing { name }
        }
        BehaviourKind::Responder | BehaviourKind::None if script.is_responder() => {
            let mut listens = script.listen.clone();
            if listens.is_empty() {
                listens.push(ListenConfig { channel: script.channel, ..ListenConfig::default() });
            }
            Behaviour::Responder { listens, answers: script.answer.clone() }
        }
        BehaviourKind::Responder | BehaviourKind::None => return Ok(Driver::Recorder),
    };
    Ok(Driver::Behaviour(behaviour))
}

fn name(
    at: &str,
    dialect: &str,
    service: &str,
    domain: &str,
) -> Result<Name, ConfiguredObjectError> {
    let wrong =
        |part: &str, problem| ConfiguredObjectError { key: format!("{at}.{part}"), problem };
    let dialect: Dialect = dialect.parse().map_err(|error| wrong("dialect", format!("{error}")))?;
    let name = Name { dialect, service: service.to_owned(), domain: domain.to_owned() };
    match name.channel() {
        Ok(_) => Ok(name),
        Err(error) => Err(wrong(error.part, error.to_string())),
    }
}

const fn vector([x, y, z]: [f32; 3]) -> Vector3 {
    Vector3 { x, y, z }
}

/// The error with the key at fault, which need not be said twice.
fn failed(at: &str, error: &AccessError) -> ConfiguredObjectError {
    let text = error.to_string();
    let Some(field) = error.field() else {
        return ConfiguredObjectError { key: at.to_owned(), problem: text };
    };
    let rest = text.strip_prefix(field).unwrap_or(&text);
    let problem = rest.trim_start_matches([':', ' ']).to_owned();
    ConfiguredObjectError { key: format!("{at}.{field}"), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AnswerConfig, Manner};

    fn behaviour(script: &ScriptConfig) -> Option<Behaviour> {
        match driver("object.0.script.1", script).unwrap() {
            Driver::Behaviour(behaviour) => Some(behaviour),
            Driver::Recorder => None,
            Driver::Host(_) => panic!("nobody is outside"),
        }
    }

    #[test]
    fn scripts_become_what_their_keys_say() {
        let script = ScriptConfig { channel: 4, to: 5, ..ScriptConfig::default() };
        assert_eq!(behaviour(&script), None);
        let listen = ListenConfig { channel: 6, ..ListenConfig::default() };
        let recorder = ScriptConfig { listen: vec![listen.clone()], ..script.clone() };
        assert_eq!(behaviour(&recorder), None);
        let answer = AnswerConfig {
            pattern: "a".to_owned(),
            answer: "b".to_owned(),
            channel: Some(7),
            manner: Manner::Shout,
        };
        let responder = ScriptConfig { answer: vec![answer.clone()], ..recorder };
        let answers = vec![answer.clone()];
        let wanted = Behaviour::Responder { listens: vec![listen], answers: answers.clone() };
        assert_eq!(behaviour(&responder), Some(wanted));
        let bare = ScriptConfig {
            behaviour: BehaviourKind::Responder,
            answer: vec![answer],
            ..script.clone()
        };
        let listens = vec![ListenConfig { channel: 4, ..ListenConfig::default() }];
        assert_eq!(behaviour(&bare), Some(Behaviour::Responder { listens, answers }));
        let echo = ScriptConfig { behaviour: BehaviourKind::Echo, ..script.clone() };
        assert_eq!(behaviour(&echo), Some(Behaviour::Echo { channel: 4 }));
        let relay = ScriptConfig { behaviour: BehaviourKind::Relay, ..script };
        let wanted = Behaviour::Relay { from: 4, to: 5, manner: Manner::Say };
        assert_eq!(behaviour(&relay), Some(wanted));
    }

    #[test]
    fn names_of_clep_are_checked_and_errors_name_the_key() {
        let ping = ScriptConfig {
            behaviour: BehaviourKind::ClepPing,
            domain: "d".to_owned(),
            ..ScriptConfig::default()
        };
        let found = behaviour(&ping);
        let name = Name { dialect: Dialect::ClepJson, service: String::new(), domain: "d".into() };
        assert_eq!(found, Some(Behaviour::ClepPing { name }));
        let unknown = ScriptConfig { dialect: "clep".to_owned(), ..ping.clone() };
        let error = driver("object.0.script.1", &unknown).unwrap_err().to_string();
        let wanted = "object.0.script.1.dialect: \"clep\" is no dialect: expected one of xichat, ";
        assert!(error.starts_with(wanted), "{error}");
        let newline = ScriptConfig { domain: "a\nb".to_owned(), ..ping };
        let error = driver("object.0.script.1", &newline).unwrap_err().to_string();
        assert!(error.starts_with("object.0.script.1.domain: newline"), "{error}");
    }
}
