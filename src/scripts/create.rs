//! Requests to create objects, add scripts and change prims.
//!
//! Parsing knows no grid: names of regions and people are looked up afterwards, by
//! [`ObjectAccess`].

use uuid::Uuid;

use super::access::{AccessError, ObjectAccess};
use super::clep::choice;
use super::fields::{FieldError, Fields};
use crate::ids::{AgentId, PrimId};
use crate::lsl::EventKinds;
use crate::message::Vector3;
use crate::objects::{Driver, NewObject, NewPrim, NewScript, PrimChange, Shape};
use crate::region::RegionLink;

/// Attachment points are numbered from 1.
const LAST_ATTACHMENT_POINT: u64 = 55;

/// An object to make.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectPlan {
    /// Name of the region; none: the first.
    pub region: Option<String>,
    /// UUID or name of an account; none: whose those are that nobody claims.
    pub owner: Option<String>,
    /// Where; none: where agents arrive.
    pub position: Option<Vector3>,
    /// UUID or name of the account that wears it.
    pub worn_by: Option<String>,
    /// Where it is worn.
    pub attachment_point: u8,
    /// By link number, the root first.
    pub prims: Vec<NewPrim>,
    /// At least one.
    pub scripts: Vec<ScriptPlan>,
    /// The argument of `on_rez`.
    pub start: i32,
}

/// A script to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptPlan {
    /// Link number of its prim, 1 for the root.
    pub link: usize,
    /// Its name.
    pub name: String,
    /// What its state handles.
    pub handlers: EventKinds,
}

/// Changes to one prim.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangePlan {
    /// Key of the prim.
    pub prim: PrimId,
    /// What, in this order.
    pub changes: Vec<ChangeStep>,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeStep {
    /// One that is complete.
    Prim(PrimChange),
    /// The owner: UUID or name of an account.
    Owner(String),
    /// Who wears the object: UUID or name of an account, none to take it off; and where.
    Worn(Option<String>, u8),
}

impl ObjectPlan {
    /// Reads all fields of an object.
    ///
    /// # Errors
    /// When one is missing, unknown or wrong.
    pub fn read(mut fields: Fields) -> Result<Self, FieldError> {
        let (worn_by, attachment_point) = worn(&mut fields)?;
        let mut plan = Self {
            region: fields.optional_string("region")?,
            owner: fields.optional_string("owner")?,
            position: fields.optional_vector("position")?,
            worn_by,
            attachment_point,
            prims: Vec::new(),
            scripts: Vec::new(),
            start: fields.optional_integer("start")?.unwrap_or_default(),
        };
        let children = fields.optional_objects("prims")?.unwrap_or_default();
        let scripts = fields.optional_objects("scripts")?;
        plan.prims.push(prim(&mut fields)?);
        fields.finish()?;
        for mut child in children {
            let offset = child.optional_vector("offset")?.unwrap_or_default();
            plan.prims.push(NewPrim { offset, ..prim(&mut child)? });
            child.finish()?;
        }
        match scripts {
            None => plan.scripts.push(ScriptPlan::default()),
            Some(scripts) => {
                for mut script in scripts {
                    plan.scripts.push(ScriptPlan::read(&mut script)?);
                    script.finish()?;
                }
            }
        }
        Ok(plan)
    }

    /// Looks up what has names, and hands the scripts to `driver`.
    ///
    /// # Errors
    /// When there is no such region or account.
    pub async fn resolve<'a>(
        self,
        access: &'a ObjectAccess,
        driver: &Driver,
    ) -> Result<(&'a RegionLink, NewObject), AccessError> {
        let region = access.region(self.region.as_deref())?;
        let owner = match &self.owner {
            Some(owner) => access.owner(owner).await?,
            None => access.default_owner(region).await?,
        };
        let worn = match &self.worn_by {
            Some(who) => Some((access.person("worn_by", who).await?, self.attachment_point)),
            None => None,
        };
        let scripts = self.scripts.into_iter().map(|script| script.driven_by(driver.clone()));
        let object = NewObject {
            owner,
            position: self.position.unwrap_or(region.info.spawn),
            worn,
            prims: self.prims,
            scripts: scripts.collect(),
            start: self.start,
        };
        Ok((region, object))
    }
}

impl Default for ScriptPlan {
    fn default() -> Self {
        Self { link: 1, name: "main".to_owned(), handlers: EventKinds::all() }
    }
}

impl ScriptPlan {
    /// Reads `name`, `link` and `handlers`.
    ///
    /// # Errors
    /// When one is wrong.
    pub fn read(fields: &mut Fields) -> Result<Self, FieldError> {
        let default = Self::default();
        Ok(Self {
            link: fields.optional_count("link")?.map_or(default.link, |link| link as usize),
            name: fields.optional_string("name")?.unwrap_or(default.name),
            handlers: match fields.optional_strings("handlers")? {
                None => default.handlers,
                Some(names) => handlers("handlers", &names)?,
            },
        })
    }

    /// The script as regions take it.
    pub fn driven_by(self, driver: Driver) -> NewScript {
        NewScript { link: self.link, name: self.name, handlers: self.handlers, driver }
    }
}

impl ChangePlan {
    /// Reads `prim` and what is to be different about it: at least one of `name`, `description`,
    /// `text` with `color`, `position`, `size`, `shape`, `owner`, `worn_by` with
    /// `attachment_point`.
    ///
    /// # Errors
    /// When one is missing, unknown or wrong.
    pub fn read(mut fields: Fields) -> Result<Self, FieldError> {
        let prim = PrimId(fields.uuid("prim")?);
        let mut changes = Vec::new();
        let mut change = |change| changes.push(ChangeStep::Prim(change));
        if let Some(name) = fields.optional_string("name")? {
            change(PrimChange::Name(name));
        }
        if let Some(description) = fields.optional_string("description")? {
            change(PrimChange::Description(description));
        }
        let color = fields.optional_color("color")?;
        match (fields.optional_string("text")?, color) {
            (Some(text), color) => change(PrimChange::Text(text, color.unwrap_or(WHITE))),
            (None, Some(_)) => return Err(fields.wrong("color", "is for text only")),
            (None, None) => {}
        }
        if let Some(position) = fields.optional_vector("position")? {
            change(PrimChange::Position(position));
        }
        if let Some(size) = fields.optional_vector("size")? {
            change(PrimChange::Size(size));
        }
        if let Some(shape) = shape(&mut fields)? {
            change(PrimChange::Shape(shape));
        }
        if let Some(owner) = fields.optional_string("owner")? {
            changes.push(ChangeStep::Owner(owner));
        }
        if fields.has("worn_by") {
            let (worn_by, point) = worn(&mut fields)?;
            changes.push(ChangeStep::Worn(worn_by, point));
        }
        fields.finish()?;
        if changes.is_empty() {
            return Err(FieldError::new("change", "change has nothing to change"));
        }
        Ok(Self { prim, changes })
    }
}

const WHITE: [f32; 4] = [1.0; 4];

/// What an object and its child prims have in common.
fn prim(fields: &mut Fields) -> Result<NewPrim, FieldError> {
    let default = NewPrim::default();
    Ok(NewPrim {
        id: fields.optional_uuid("uuid")?.map(PrimId),
        name: fields.optional_string("name")?.unwrap_or(default.name),
        description: fields.optional_string("description")?.unwrap_or_default(),
        offset: Vector3::default(),
        size: fields.optional_vector("size")?.unwrap_or(default.size),
        shape: shape(fields)?.unwrap_or_default(),
        text: fields.optional_string("text")?.unwrap_or_default(),
    })
}

fn shape(fields: &mut Fields) -> Result<Option<Shape>, FieldError> {
    choice(fields, "shape", &Shape::ALL.map(|shape| (shape.name(), shape)))
}

fn worn(fields: &mut Fields) -> Result<(Option<String>, u8), FieldError> {
    let worn_by = fields.optional_string("worn_by")?;
    let point = match fields.optional_count("attachment_point")? {
        None => 1,
        Some(_) if worn_by.is_none() => {
            return Err(fields.wrong("attachment_point", "is for worn objects only"));
        }
        Some(point @ 1..=LAST_ATTACHMENT_POINT) => point as u8,
        Some(_) => {
            let problem = format!("is not from 1 to {LAST_ATTACHMENT_POINT}");
            return Err(fields.wrong("attachment_point", &problem));
        }
    };
    Ok((worn_by, point))
}

/// Kinds of events by LSL's names.
///
/// # Errors
/// When a name is none; `field` is at fault.
pub(super) fn handlers(field: &'static str, names: &[String]) -> Result<EventKinds, FieldError> {
    let kinds = names.iter().map(|name| {
        let known = HANDLERS.iter().find(|(known, _)| known == name);
        known.map(|(_, kind)| *kind).ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            FieldError::new(field, format!("{field}: {shown:?} is no event that scripts have here"))
        })
    });
    kinds.collect()
}

const HANDLERS: [(&str, EventKinds); 7] = [
    ("state_entry", EventKinds::STATE_ENTRY),
    ("on_rez", EventKinds::ON_REZ),
    ("listen", EventKinds::LISTEN),
    ("link_message", EventKinds::LINK_MESSAGE),
    ("touch_start", EventKinds::TOUCH_START),
    ("changed", EventKinds::CHANGED),
    ("timer", EventKinds::TIMER),
];

/// A key, if the text is one: names are looked up, keys are taken as they are.
pub(super) fn key(text: &str) -> Option<AgentId> {
    Uuid::try_parse(text.trim()).ok().map(AgentId)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fields(value: &Value) -> Fields {
        Fields::parse("line", value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_plain_object_is_a_box_with_one_script() {
        let plan = ObjectPlan::read(fields(&json!({}))).unwrap();
        assert_eq!(plan.prims, [NewPrim::default()]);
        assert_eq!(plan.scripts, [ScriptPlan::default()]);
        assert_eq!((plan.region, plan.owner, plan.position), (None, None, None));
    }

    #[test]
    fn every_field_of_an_object_arrives() {
        let id = Uuid::from_u128(5);
        let plan = ObjectPlan::read(fields(&json!({
            "name": "Bell", "region": "Holm", "owner": "Test User", "position": [1, 2, 3],
            "size": [1, 1, 2], "shape": "sphere", "text": "t", "description": "d", "uuid": id,
            "worn_by": "Test User", "attachment_point": 2, "start": 9,
            "prims": [{"name": "Rope", "offset": [0, 0, 1], "shape": "cylinder"}],
            "scripts": [{"name": "s", "link": 2, "handlers": ["listen", "timer"]}, {}],
        })));
        let plan = plan.unwrap();
        assert_eq!(plan.position, Some(Vector3::new(1.0, 2.0, 3.0)));
        assert_eq!((plan.worn_by.as_deref(), plan.attachment_point), (Some("Test User"), 2));
        let [bell, rope] = plan.prims.as_slice() else { panic!("{:?}", plan.prims) };
        assert_eq!((bell.id, bell.shape), (Some(PrimId(id)), Shape::Sphere));
        assert_eq!((rope.name.as_str(), rope.offset), ("Rope", Vector3::new(0.0, 0.0, 1.0)));
        let handlers = EventKinds::LISTEN | EventKinds::TIMER;
        assert_eq!(plan.scripts[0], ScriptPlan { link: 2, name: "s".to_owned(), handlers });
        assert_eq!(plan.scripts[1], ScriptPlan::default());
        assert_eq!(plan.start, 9);
    }

    #[test]
    fn wrong_objects_are_refused_by_field() {
        for (wrong, field, message) in [
            (
                json!({"shape": "cube"}),
                Some("shape"),
                "shape is none of box, sphere, cylinder: \"cube\"",
            ),
            (json!({"uuid": "x"}), Some("uuid"), "uuid is not a UUID: \"x\""),
            (
                json!({"prims": [{}, {"size": 1}]}),
                Some("size"),
                "prims[1].size is not an array of three numbers: 1",
            ),
            (json!({"prims": [{"owner": "x"}]}), None, "unknown field \"owner\" in prims[0]"),
            (
                json!({"scripts": [{"handlers": ["tuch"]}]}),
                Some("handlers"),
                "handlers: \"tuch\" is no event that scripts have here",
            ),
            (
                json!({"attachment_point": 2}),
                Some("attachment_point"),
                "attachment_point is for worn objects only",
            ),
            (
                json!({"worn_by": "x", "attachment_point": 56}),
                Some("attachment_point"),
                "attachment_point is not from 1 to 55",
            ),
        ] {
            let error = ObjectPlan::read(fields(&wrong)).unwrap_err();
            assert_eq!((error.field, error.message.as_str()), (field, message), "{wrong}");
        }
    }

    #[test]
    fn changes_come_in_a_fixed_order() {
        let prim = Uuid::from_u128(5);
        let plan = ChangePlan::read(fields(&json!({"prim": prim, "worn_by": null, "name": "n",
            "text": "t", "color": [1, 0, 0, 1], "owner": "o"})));
        let expected = [
            ChangeStep::Prim(PrimChange::Name("n".to_owned())),
            ChangeStep::Prim(PrimChange::Text("t".to_owned(), [1.0, 0.0, 0.0, 1.0])),
            ChangeStep::Owner("o".to_owned()),
            ChangeStep::Worn(None, 1),
        ];
        assert_eq!(plan.unwrap().changes, expected);
        for (wrong, field) in [
            (json!({"prim": prim}), "change"),
            (json!({"name": "n"}), "prim"),
            (json!({"prim": prim, "color": [1, 1, 1, 1]}), "color"),
        ] {
            let error = ChangePlan::read(fields(&wrong)).unwrap_err();
            assert_eq!(error.field, Some(field), "{wrong}");
        }
    }
}
