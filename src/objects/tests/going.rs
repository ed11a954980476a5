//! Removal of objects: by request, by dying, with their wearer, with their host.

use super::*;

#[test]
fn a_removed_object_takes_all_with_it_and_its_hosts_are_told() {
    let mut scene = Scene::new();
    let (prim, script, mut events) = scene.hosted("box");
    scene.listen(script, 5);
    let remove =
        |scene: &mut Scene| scene.ask(|answer| ObjectCommand::Remove { object: prim, answer });
    assert_eq!(remove(&mut scene), Ok(()));
    assert_eq!(taken(&mut events), [ScriptEvent::Gone]);
    assert_eq!(scene.list(), []);
    assert!(scene.objects.prims().is_empty() && !scene.objects.listens());
    assert_eq!(remove(&mut scene), Err(ObjectError::UnknownObject(prim)));
    let late = scene.call(script, say(0, "late"));
    assert_eq!(late, bus_error(lsl::BusError::UnknownScript(script)));
    assert_eq!(scene.objects.object_counters().removed, 1);
}

#[test]
fn death_of_an_object_is_news_to_all_but_the_causing_script() {
    let mut scene = Scene::new();
    let (link, mut events) = scene.host(64);
    let (other, mut other_events) = scene.host(64);
    let drivers = vec![Driver::Host(link.clone()), Driver::Host(link), Driver::Host(other)];
    let made = scene.create(new_object("box", drivers)).unwrap();
    let scripts: Vec<_> = made.prims[0].scripts.iter().map(|script| script.id).collect();
    scene.run();
    taken(&mut events);
    taken(&mut other_events);
    assert!(scene.call(scripts[0], ScriptCall::Die).unwrap().died);
    scene.run();
    let events: Vec<_> = std::iter::from_fn(|| events.try_recv().ok())
        .map(|event| (event.script, event.object, event.event))
        .collect();
    assert_eq!(events, [(scripts[1], made.id, ScriptEvent::Gone)]);
    assert_eq!(taken(&mut other_events), [ScriptEvent::Gone]);
    assert!(scene.objects.prims().is_empty());
}

#[test]
fn an_avatar_leaves_with_what_it_wears() {
    let mut scene = Scene::new();
    let avatar = scene.avatar(2, HERE);
    let (box_id, _) = scene.object("box", Driver::Recorder);
    let (hat, _, mut events) = scene.hosted("hat");
    scene.change(hat, PrimChange::Worn(Some((avatar, 2)))).unwrap();
    let point = 31;
    let worn = NewObject {
        worn: Some((avatar, point)),
        position: Vector3::new(-5.0, 0.0, 0.0),
        ..new_object("screen", vec![])
    };
    let screen = scene.create(worn).unwrap();
    assert_eq!((screen.worn, screen.position), (Some((avatar, point)), HERE));
    assert_eq!(scene.view(screen.id).position, Vector3::default());

    scene.objects.avatar_left(scene.now, avatar);
    let left: Vec<_> = scene.list().into_iter().map(|report| report.id).collect();
    assert_eq!(left, [box_id]);
    assert_eq!(taken(&mut events), [ScriptEvent::Gone]);
    assert_eq!(scene.objects.prims().len(), 1);
    assert!(!scene.objects.avatar_says(scene.now, avatar, 1, 0, "late"));
    scene.objects.avatar_left(scene.now, avatar);
}

/// An object of a host with a script of another, and one of that other with a script of the first.
struct Shared {
    scene: Scene,
    objects: [PrimId; 2],
    hosts: [HostId; 2],
    events: [mpsc::Receiver<HostEvent>; 2],
}

fn shared() -> Shared {
    let mut scene = Scene::new();
    let (first, mut first_events) = scene.host(64);
    let (second, mut second_events) = scene.host(64);
    let hosts = [first.id, second.id];
    let pairs = [(first.clone(), second.clone()), (second, first)];
    let objects = pairs.map(|(maker, guest)| {
        let drivers = vec![Driver::Recorder, Driver::Host(maker)];
        let object = scene.create(new_object("box", drivers)).unwrap().id;
        let script = new_script(1, "guest", Driver::Host(guest));
        scene.ask(|answer| ObjectCommand::AddScript { object, script, answer }).unwrap();
        object
    });
    scene.run();
    taken(&mut first_events);
    taken(&mut second_events);
    Shared { scene, objects, hosts, events: [first_events, second_events] }
}

#[test]
fn leaving_host_takes_its_objects_and_its_scripts_elsewhere() {
    let Shared { mut scene, objects, hosts, events } = shared();
    let [mut first, mut second] = events;
    scene.objects.apply(scene.now, ObjectCommand::HostGone { host: hosts[0], keep: false });
    assert_eq!(taken(&mut first), [], "whoever is gone is told nothing");
    assert_eq!(taken(&mut second), [ScriptEvent::Gone]);
    let left = scene.list();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, objects[1]);
    let names: Vec<_> = left[0].prims[0].scripts.iter().map(|script| &*script.name).collect();
    assert_eq!(names, ["script 1", "script 2"]);
    scene.objects.apply(scene.now, ObjectCommand::HostGone { host: HostId(99), keep: false });
    assert_eq!(scene.list().len(), 1);
}

#[test]
fn objects_left_behind_keep_a_record_of_their_scripts() {
    let Shared { mut scene, objects, hosts, events } = shared();
    let [mut first, mut second] = events;
    scene.objects.apply(scene.now, ObjectCommand::HostGone { host: hosts[0], keep: true });
    let drivers = objects.map(|object| {
        let report = scene.report(object).unwrap();
        report.prims[0].scripts.iter().map(|script| script.driver).collect::<Vec<_>>()
    });
    assert_eq!(drivers[0], ["recorder", "recorder", "host"]);
    assert_eq!(drivers[1], ["recorder", "host", "recorder"]);
    let last = scene.last_heard(objects[0]);
    scene.change(objects[0], PrimChange::Shape(Shape::Sphere)).unwrap();
    scene.run();
    assert_eq!(taken(&mut first), []);
    assert_eq!(taken(&mut second).len(), 1);
    assert_eq!(scene.heard(objects[0], last).len(), 2);

    // Nobody's now: the end of the connection was the end of it.
    scene.objects.apply(scene.now, ObjectCommand::HostGone { host: hosts[0], keep: false });
    assert_eq!(scene.list().len(), 2);
}
