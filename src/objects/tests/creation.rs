//! Objects are created completely or not at all, and viewers and queries get their properties.

use super::*;
use crate::lsl::{BusError, Countable};

fn prim(change: impl FnOnce(&mut NewPrim)) -> NewObject {
    let mut object = new_object("box", vec![]);
    let mut child = NewPrim::default();
    change(&mut child);
    object.prims.push(child);
    object
}

fn object(change: impl FnOnce(&mut NewObject)) -> NewObject {
    let mut object = new_object("box", vec![Driver::Recorder]);
    change(&mut object);
    object
}

/// The error about a field, in words.
fn words(error: &ObjectError) -> String {
    assert!(matches!(error, ObjectError::Value { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn values_that_cannot_be_are_named_and_nothing_is_made() {
    let mut scene = Scene::new();
    let wearer = scene.avatar(2, HERE);
    let before = scene.objects.prims().version();
    let at = Vector3::new;
    let size = "size of link 2 must be 0.01 to 64 metres in each direction";
    let place = "position must be 0 to 256 metres east and north and -100 to 4096 metres high";
    for (new, problem) in [
        (prim(|prim| prim.size = at(0.009, 1.0, 1.0)), size),
        (prim(|prim| prim.size = at(1.0, 64.1, 1.0)), size),
        (prim(|prim| prim.size = at(1.0, 1.0, f32::NAN)), size),
        (prim(|prim| prim.offset = at(f32::INFINITY, 0.0, 0.0)), "offset of link 2 is not finite"),
        (prim(|prim| prim.text = "ü".repeat(128)), "text of link 2 has more than 254 bytes"),
        (prim(|prim| prim.text = "a\0".to_owned()), "text of link 2 has a zero byte"),
        (prim(|prim| prim.name = "a\nb".to_owned()), "name of link 2 has a control character"),
        (
            prim(|prim| prim.description = "\u{7f}".to_owned()),
            "description of link 2 has a control character",
        ),
        (object(|object| object.position = at(-0.1, 0.0, 0.0)), place),
        (object(|object| object.position = at(0.0, 256.1, 0.0)), place),
        (object(|object| object.position = at(0.0, 0.0, 4096.5)), place),
        (object(|object| object.position = at(0.0, 0.0, f32::NAN)), place),
        (object(|object| object.scripts[0].link = 0), "link 0 is none of the object's"),
        (object(|object| object.scripts[0].link = 2), "link 2 is none of the object's"),
        (object(|object| object.scripts[0].name.clear()), "script has no name"),
        (
            object(|object| object.scripts[0].name = "\t".to_owned()),
            "script has a control character in its name",
        ),
        (
            object(|object| object.scripts.push(object.scripts[0].clone())),
            "script \"script 1\" is there already in link 1",
        ),
        (object(|object| object.worn = Some((wearer, 0))), "attachment_point must be 1 to 55"),
        (object(|object| object.worn = Some((wearer, 56))), "attachment_point must be 1 to 55"),
    ] {
        assert_eq!(words(&scene.create(new).unwrap_err()), problem);
    }
    assert_eq!(scene.list(), []);
    assert_eq!(scene.objects.prims().version(), before);
    assert_eq!(scene.objects.object_counters().refused, 19);
    assert_eq!(scene.objects.object_counters().created, 0);
}

#[test]
fn prim_that_the_bus_refuses_is_not_made() {
    let bus = lsl::Settings {
        objects: 2,
        prims_per_object: 2,
        scripts_per_prim: 1,
        ..lsl::Settings::new(Flavour::SecondLife)
    };
    let mut scene = Scene::with(bus);
    let taken = scene.create(new_object("first", vec![])).unwrap().id;
    let child =
        Participant { id: agent(3), name: "Child Agent".into(), position: HERE, is_child: true };
    scene.objects.avatar_entered(child);
    let many = |what, limit| BusError::TooMany { what, limit };
    for (new, error) in [
        (object(|object| object.prims.clear()), BusError::NoPrims),
        (prim(|prim| prim.id = Some(taken)), BusError::BadKey(taken.0)),
        (prim(|prim| prim.id = Some(PrimId::NIL)), BusError::BadKey(Uuid::nil())),
        (object(|object| object.worn = Some((agent(3), 1))), BusError::UnknownAvatar(agent(3))),
        (object(|object| object.worn = Some((agent(9), 1))), BusError::UnknownAvatar(agent(9))),
        (
            object(|object| object.prims = vec![NewPrim::default(); 3]),
            many(Countable::PrimsOfAnObject, 2),
        ),
        (
            new_object("box", vec![Driver::Recorder, Driver::Recorder]),
            many(Countable::ScriptsOfAPrim, 1),
        ),
    ] {
        assert_eq!(scene.create(new), bus_error(error));
        assert_eq!(scene.objects.prims().len(), 1);
        assert_eq!(scene.list().len(), 1);
    }
    scene.create(new_object("second", vec![])).unwrap();
    let third = scene.create(new_object("third", vec![]));
    assert_eq!(third, bus_error(many(Countable::Objects, 2)));
}

#[test]
fn an_object_is_reported_and_shown_as_it_was_made() {
    let mut scene = Scene::new();
    let id = PrimId(Uuid::from_u128(77));
    let child = NewPrim {
        id: Some(id),
        name: "lid".to_owned(),
        description: "x".repeat(200),
        offset: Vector3::new(0.0, 0.0, 1.0),
        size: Vector3::new(0.01, 64.0, 2.0),
        shape: Shape::Sphere,
        text: "two\nlines".to_owned(),
    };
    let mut new = new_object("box", vec![Driver::Recorder]);
    new.prims[0].offset = Vector3::new(9.0, 9.0, 9.0);
    new.prims.push(child);
    new.scripts.push(NewScript {
        handlers: EventKinds::LISTEN,
        ..new_script(2, "deaf to touch", Driver::Behaviour(Behaviour::Echo { channel: 4 }))
    });
    let made = scene.create(new).unwrap();
    scene.run();

    let report = scene.report(id).unwrap();
    assert_eq!((report.id, &*report.name, report.position), (made.id, "box", HERE));
    assert_eq!((report.owner, report.worn), (owner(1), None));
    let [root, lid] = &report.prims[..] else { panic!("two prims") };
    assert_eq!((root.id, root.offset), (made.id, Vector3::default()));
    assert_eq!((lid.id, lid.offset.z, lid.shape, lid.size.y), (id, 1.0, Shape::Sphere, 64.0));
    assert_eq!((&*lid.text, lid.local_id), ("two\nlines", root.local_id + 1));
    assert_eq!(root.scripts[0].driver, "recorder");
    let script = &lid.scripts[0];
    assert_eq!((script.driver, &*script.name), ("echo", "deaf to touch"));
    assert_eq!((&script.listens[..], script.waiting), (&[(1, 4)][..], 0));

    let (root, lid) = (scene.view(made.id), scene.view(id));
    assert_eq!((root.link, root.parent, root.position), (1, None, HERE));
    assert_eq!((lid.link, lid.parent, lid.position.z), (2, Some(root.local_id), 1.0));
    assert_eq!((root.local_id.0, lid.root), (FIRST_LOCAL_ID, made.id));
    assert_eq!(lid.description.len(), 127);
    assert_eq!((root.created, root.text_color), (1_000_001_000_000, [1.0; 4]));
    assert!(root.scripted && root.touchable && lid.scripted && lid.touchable);
    assert_eq!(scene.report(PrimId::NIL), Err(ObjectError::UnknownObject(PrimId::NIL)));
}

#[test]
fn objects_are_listed_by_name() {
    let mut scene = Scene::new();
    for name in ["b", "c", "a"] {
        scene.create(new_object(name, vec![])).unwrap();
    }
    let names: Vec<_> = scene.list().into_iter().map(|report| report.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn a_script_enters_its_state_and_is_told_of_its_rez() {
    let mut scene = Scene::new();
    let deaf =
        NewScript { handlers: EventKinds::STATE_ENTRY, ..new_script(1, "deaf", Driver::Recorder) };
    let mut new = new_object("box", vec![Driver::Recorder]);
    new.scripts.push(deaf);
    let id = scene.create(new).unwrap().id;
    scene.run();
    let heard = |script: &str, event| (script.to_owned(), ScriptEvent::Lsl(event));
    assert_eq!(
        scene.heard(id, 0),
        [
            heard("script 1", Event::StateEntry),
            heard("script 1", Event::OnRez { start: 5 }),
            heard("deaf", Event::StateEntry),
        ]
    );
}

#[test]
fn scripts_are_added_to_objects_and_removed() {
    let mut scene = Scene::new();
    let root = scene.create(object(|object| object.prims.push(NewPrim::default()))).unwrap();
    let child = root.prims[1].id;
    scene.run();
    assert!(!scene.view(child).scripted);
    let add = |scene: &mut Scene, object, script| {
        scene.ask(|answer| ObjectCommand::AddScript { object, script, answer })
    };
    // Named by any prim, the link number is the object's.
    let added = add(&mut scene, child, new_script(2, "more", Driver::Recorder)).unwrap();
    scene.run();
    assert!(scene.view(child).scripted && scene.view(child).touchable);
    let last = scene.heard(root.id, 0).pop();
    assert_eq!(last, Some(("more".to_owned(), ScriptEvent::Lsl(Event::StateEntry))));

    let again = add(&mut scene, root.id, new_script(2, "more", Driver::Recorder));
    assert_eq!(words(&again.unwrap_err()), "script \"more\" is there already in link 2");
    let nowhere = add(&mut scene, root.id, new_script(3, "x", Driver::Recorder));
    assert_eq!(nowhere, Err(ObjectError::UnknownLink(3)));
    let nothing = add(&mut scene, PrimId::NIL, new_script(1, "x", Driver::Recorder));
    assert_eq!(nothing, Err(ObjectError::UnknownObject(PrimId::NIL)));

    let remove = |scene: &mut Scene, script| {
        scene.ask(|answer| ObjectCommand::RemoveScript { script, answer })
    };
    assert_eq!(remove(&mut scene, added), Ok(()));
    assert!(!scene.view(child).scripted);
    assert_eq!(remove(&mut scene, added), bus_error(BusError::UnknownScript(added)));
    assert_eq!(scene.report(root.id).unwrap().prims[1].scripts, []);
}

#[test]
fn nothing_is_made_for_who_waits_no_more() {
    let mut scene = Scene::new();
    let (answer, reply) = oneshot::channel();
    drop(reply);
    let object = Box::new(new_object("late", vec![Driver::Recorder]));
    scene.objects.apply(scene.now, ObjectCommand::Create { object, answer });
    assert_eq!(scene.list(), []);
    assert_eq!(scene.objects.object_counters().refused, 1);
}
