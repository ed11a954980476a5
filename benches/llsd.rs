//! What LLSD documents cost to write and to read, as XML and as binary: an inventory answer of 100
//! folders, a login answer, ten events, and the poll that asks for them.

#[path = "common/documents.rs"]
mod documents;
#[path = "common/mode.rs"]
mod mode;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use holm::llsd::{Llsd, binary, xml};

fn document(criterion: &mut Criterion, name: &str, value: &Llsd) {
    let (as_xml, as_binary) = (xml::write(value).into_bytes(), binary::write(value));
    let mut group = criterion.benchmark_group(format!("llsd/{name}"));

    group.throughput(Throughput::Bytes(as_xml.len() as u64));
    group.bench_function("write_xml", |bencher| bencher.iter(|| xml::write(black_box(value))));
    group.bench_function("parse_xml", |bencher| bencher.iter(|| xml::parse(black_box(&as_xml))));

    group.throughput(Throughput::Bytes(as_binary.len() as u64));
    group
        .bench_function("write_binary", |bencher| bencher.iter(|| binary::write(black_box(value))));
    group.bench_function("parse_binary", |bencher| {
        bencher.iter(|| binary::parse(black_box(&as_binary)));
    });
    group.finish();
}

fn documents(criterion: &mut Criterion) {
    document(criterion, "inventory_100_folders", &documents::inventory());
    document(criterion, "login", &documents::login());
    document(criterion, "10_events", &documents::events());
    document(criterion, "poll", &documents::poll());
}

criterion_group! {
    name = benches;
    config = mode::criterion();
    targets = documents
}
criterion_main!(benches);
