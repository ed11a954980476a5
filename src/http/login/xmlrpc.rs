//! XML-RPC documents, with [`Llsd`] as the value type.
//!
//! This is our own reader, because clients are less strict than libraries: booleans as `true`,
//! empty elements for every type, CDATA, `<nil/>`, or no type at all. It shares the bounded XML
//! walker of LLSD.
//!
//! The writer produces only what the strictest client reads: a fixed prolog, `<i4>` and never
//! `<int>`, no white space between elements.

use std::fmt::Write as _;

use base64::Engine as _;
use thiserror::Error;

use crate::llsd::walk::{Content, Element, XmlWalk};
use crate::llsd::xml::{BASE64, decode_base64, escape_into};
use crate::llsd::{ErrorKind, Limits, Llsd, LlsdError, Map, format_date, map, parse_date};

/// A method call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The method's name.
    pub method: String,
    /// Its parameters: strings, numbers, arrays, and structs as maps.
    pub params: Vec<Llsd>,
}

/// An answer that says that a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("xml-rpc fault {code}: {text}")]
pub struct Fault {
    /// `faultCode`.
    pub code: i32,
    /// `faultString`.
    pub text: String,
}

/// Whether the first element is that of a method call.
pub fn is_xmlrpc(body: &[u8]) -> bool {
    let limits = Limits { body_bytes: usize::MAX, ..Limits::DEFAULT };
    XmlWalk::new(body, &limits)
        .and_then(|mut walk| walk.root())
        .is_ok_and(|root| root.is("methodCall"))
}

/// Reads a method call.
///
/// # Errors
/// [`LlsdError`] if the body is not well-formed, has no method name, or exceeds a limit.
pub fn parse_call(body: &[u8], limits: &Limits) -> Result<Call, LlsdError> {
    let mut walk = XmlWalk::new(body, limits)?;
    let root = walk.root()?;
    if !root.is("methodCall") {
        return Err(walk.error(ErrorKind::NoRoot));
    }
    let (mut method, mut params) = (None, Vec::new());
    while let Some(element) = walk.next_child(&root)? {
        match element.name() {
            "methodName" => {
                method = Some(walk.text(&element, limits.key_bytes, "method name")?.into_owned());
            }
            "params" => params = read_params(&mut walk, &element)?,
            _ => walk.skip(&element)?,
        }
    }
    let method = method.ok_or_else(|| walk.error(ErrorKind::Missing("methodName")))?;
    Ok(Call { method: method.trim().to_owned(), params })
}

/// Reads the answer to a call: its first parameter, or the fault.
///
/// # Errors
/// [`LlsdError`] if the body is not well-formed, has neither parameter nor fault, or exceeds a
/// limit.
pub fn parse_response(body: &[u8], limits: &Limits) -> Result<Result<Llsd, Fault>, LlsdError> {
    let mut walk = XmlWalk::new(body, limits)?;
    let root = walk.root()?;
    if !root.is("methodResponse") {
        return Err(walk.error(ErrorKind::NoRoot));
    }
    let mut answer = None;
    while let Some(element) = walk.next_child(&root)? {
        match element.name() {
            "params" => answer = read_params(&mut walk, &element)?.into_iter().next().map(Ok),
            "fault" => {
                let fault = read_only_value(&mut walk, &element, 0)?.unwrap_or_default();
                answer = Some(Err(Fault {
                    code: fault.get("faultCode").as_i32(),
                    text: fault.get("faultString").as_string(),
                }));
            }
            _ => walk.skip(&element)?,
        }
    }
    answer.ok_or_else(|| walk.error(ErrorKind::Missing("param")))
}

/// A call with these parameters.
pub fn write_call(method: &str, params: &[Llsd]) -> String {
    let mut out = format!("{PROLOG}<methodCall><methodName>");
    escape_into(&mut out, method);
    out.push_str("</methodName><params>");
    for param in params {
        out.push_str("<param>");
        write_value(&mut out, param);
        out.push_str("</param>");
    }
    out.push_str("</params></methodCall>");
    out
}

/// An answer with one parameter.
pub fn write_response(value: &Llsd) -> String {
    let mut out = RESPONSE_HEAD.to_owned();
    write_value(&mut out, value);
    out.push_str(RESPONSE_FOOT);
    out
}

/// An answer that says that the call failed.
pub fn write_fault(code: i32, text: &str) -> String {
    let mut out = format!("{PROLOG}<methodResponse><fault>");
    write_value(&mut out, &map! { "faultCode" => code, "faultString" => text });
    out.push_str("</fault></methodResponse>");
    out
}

fn read_params<'a>(
    walk: &mut XmlWalk<'a, '_>,
    params: &Element<'a>,
) -> Result<Vec<Llsd>, LlsdError> {
    let mut values = Vec::new();
    while let Some(param) = walk.next_child(params)? {
        values.extend(read_only_value(walk, &param, 0)?);
    }
    Ok(values)
}

/// The value inside a `<param>`, `<fault>` or the like.
fn read_only_value<'a>(
    walk: &mut XmlWalk<'a, '_>,
    parent: &Element<'a>,
    depth: usize,
) -> Result<Option<Llsd>, LlsdError> {
    let mut value = None;
    while let Some(element) = walk.next_child(parent)? {
        if element.is("value") {
            value = Some(read_value(walk, &element, depth)?);
        } else {
            walk.skip(&element)?;
        }
    }
    Ok(value)
}

fn read_value<'a>(
    walk: &mut XmlWalk<'a, '_>,
    value: &Element<'a>,
    depth: usize,
) -> Result<Llsd, LlsdError> {
    walk.count_node()?;
    match walk.text_or_child(value, walk.limits.string_bytes, "string")? {
        Content::Text(text) => Ok(Llsd::String(text.into_owned())),
        Content::Child(element) => {
            let inner = read_typed(walk, &element, depth)?;
            while let Some(extra) = walk.next_child(value)? {
                walk.skip(&extra)?;
            }
            Ok(inner)
        }
    }
}

fn read_typed<'a>(
    walk: &mut XmlWalk<'a, '_>,
    element: &Element<'a>,
    depth: usize,
) -> Result<Llsd, LlsdError> {
    let limit = walk.limits.string_bytes;
    Ok(match element.name() {
        "struct" => Llsd::Map(read_struct(walk, element, depth + 1)?),
        "array" => Llsd::Array(read_array(walk, element, depth + 1)?),
        "string" => Llsd::String(walk.text(element, limit, "string")?.into_owned()),
        "int" | "i4" | "i8" => {
            Llsd::Integer(walk.text(element, limit, "integer")?.trim().parse().unwrap_or(0))
        }
        "boolean" => {
            let text = walk.text(element, limit, "boolean")?;
            Llsd::Boolean(text.trim() == "1" || text.trim().eq_ignore_ascii_case("true"))
        }
        "double" => Llsd::Real(walk.text(element, limit, "double")?.trim().parse().unwrap_or(0.0)),
        "dateTime.iso8601" => {
            Llsd::Date(read_date(walk.text(element, limit, "date")?.trim()).unwrap_or(0.0))
        }
        "base64" => {
            let text = walk.text(element, usize::MAX, "binary")?;
            let bytes = decode_base64(text.as_bytes(), walk.limits.binary_bytes);
            Llsd::Binary(bytes.map_err(|kind| walk.error(kind))?)
        }
        // A nil, or a type that nobody knows.
        _ => {
            walk.skip(element)?;
            Llsd::Undef
        }
    })
}

fn read_struct<'a>(
    walk: &mut XmlWalk<'a, '_>,
    parent: &Element<'a>,
    depth: usize,
) -> Result<Map, LlsdError> {
    walk.check_depth(depth)?;
    let mut members = Map::new();
    while let Some(member) = walk.next_child(parent)? {
        let (mut name, mut value) = (None, None);
        while let Some(element) = walk.next_child(&member)? {
            match element.name() {
                "name" => {
                    name = Some(walk.text(&element, walk.limits.key_bytes, "name")?.into_owned());
                }
                "value" => value = Some(read_value(walk, &element, depth)?),
                _ => walk.skip(&element)?,
            }
        }
        if let (Some(name), Some(value)) = (name, value) {
            members.insert(name, value);
        }
    }
    Ok(members)
}

fn read_array<'a>(
    walk: &mut XmlWalk<'a, '_>,
    parent: &Element<'a>,
    depth: usize,
) -> Result<Vec<Llsd>, LlsdError> {
    walk.check_depth(depth)?;
    let mut values = Vec::new();
    while let Some(data) = walk.next_child(parent)? {
        while let Some(element) = walk.next_child(&data)? {
            if element.is("value") {
                values.push(read_value(walk, &element, depth)?);
            } else {
                walk.skip(&element)?;
            }
        }
    }
    Ok(values)
}

/// Seconds since 1970 of `20060201T14:29:53`, or of the form with hyphens and zone.
fn read_date(text: &str) -> Option<f64> {
    if let Some(seconds) = parse_date(text) {
        return Some(seconds);
    }
    let (year, month, day) = (text.get(..4)?, text.get(4..6)?, text.get(6..8)?);
    parse_date(&format!("{year}-{month}-{day}{}Z", text.get(8..)?))
}

fn write_value(out: &mut String, value: &Llsd) {
    out.push_str("<value>");
    match value {
        Llsd::Undef => out.push_str("<string></string>"),
        Llsd::Boolean(value) => {
            write_formatted(out, format_args!("<boolean>{}</boolean>", u8::from(*value)));
        }
        Llsd::Integer(value) => write_formatted(out, format_args!("<i4>{value}</i4>")),
        Llsd::Real(value) => {
            let value = if value.is_finite() { *value } else { 0.0 };
            write_formatted(out, format_args!("<double>{value}</double>"));
        }
        Llsd::Date(seconds) => {
            let text: String = format_date(*seconds).replace('-', "");
            let whole = text.get(..17).unwrap_or_default();
            write_formatted(out, format_args!("<dateTime.iso8601>{whole}</dateTime.iso8601>"));
        }
        Llsd::String(text) | Llsd::Uri(text) => {
            out.push_str("<string>");
            escape_into(out, text);
            out.push_str("</string>");
        }
        Llsd::Uuid(value) => write_formatted(out, format_args!("<string>{value}</string>")),
        Llsd::Binary(bytes) => {
            out.push_str("<base64>");
            BASE64.encode_string(bytes, out);
            out.push_str("</base64>");
        }
        Llsd::Array(values) => {
            out.push_str("<array><data>");
            for value in values {
                write_value(out, value);
            }
            out.push_str("</data></array>");
        }
        Llsd::Map(map) => {
            out.push_str("<struct>");
            for (name, value) in map.iter() {
                out.push_str("<member><name>");
                escape_into(out, name);
                out.push_str("</name>");
                write_value(out, value);
                out.push_str("</member>");
            }
            out.push_str("</struct>");
        }
    }
    out.push_str("</value>");
}

fn write_formatted(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

/// Fault code: the body is not a call.
pub const FAULT_PARSE: i32 = -32700;
/// Fault code: no such method.
pub const FAULT_METHOD: i32 = -32601;

/// What stands before the only value of an answer. Its prolog is compared byte for byte by one
/// client.
pub(super) const RESPONSE_HEAD: &str =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><methodResponse><params><param>";
/// What stands behind it.
pub(super) const RESPONSE_FOOT: &str = "</param></params></methodResponse>";

/// Compared byte for byte by one client.
const PROLOG: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Call, Fault, parse_call, parse_response, write_call, write_fault, write_response};
    use crate::llsd::{ErrorKind, Limits, Llsd, array, map};

    fn value_of(value: &str) -> Llsd {
        let body = format!(
            "<methodCall><methodName> m </methodName><params>\n<param>{value}</param></params></methodCall>"
        );
        let call = parse_call(body.as_bytes(), &Limits::SMALL).expect("call");
        assert_eq!(call.method, "m");
        call.params.into_iter().next().unwrap_or_default()
    }

    #[test]
    fn reads_every_spelling_of_a_value() {
        for (text, value) in [
            ("<value>text</value>", "text".into()),
            ("<value/>", "".into()),
            ("<value></value>", "".into()),
            ("<value> a &amp; b </value>", " a & b ".into()),
            ("<value><string/></value>", "".into()),
            ("<value><string> x </string></value>", " x ".into()),
            ("<value>\n <string>x</string>\n </value>", "x".into()),
            ("<value><string><![CDATA[uri:A B&1&2&3]]></string></value>", "uri:A B&1&2&3".into()),
            ("<value><string>a&amp;amp;b</string></value>", "a&amp;b".into()),
            ("<value><int>1</int></value>", 1.into()),
            ("<value><i4> -1 </i4></value>", (-1).into()),
            ("<value><i4/></value>", 0.into()),
            ("<value><int>99999999999</int></value>", 0.into()),
            ("<value><boolean>1</boolean></value>", true.into()),
            ("<value><boolean>True</boolean></value>", true.into()),
            ("<value><boolean>0</boolean></value>", false.into()),
            ("<value><boolean/></value>", false.into()),
            ("<value><double>1.5</double></value>", 1.5.into()),
            ("<value><nil/></value>", Llsd::Undef),
            (
                "<value><dateTime.iso8601>20070101T00:00:00</dateTime.iso8601></value>",
                Llsd::Date(1_167_609_600.0),
            ),
            ("<value><base64>AAEC</base64></value>", Llsd::binary([0, 1, 2])),
            ("<value><array/></value>", array![]),
            ("<value><array><data></data></array></value>", array![]),
            (
                "<value><array><data><value>a</value> <value><i4>1</i4></value></data></array></value>",
                array!["a", 1],
            ),
            (
                "<value><struct><member><name>a</name><value>b</value></member><member><name>x</name></member></struct></value>",
                map! { "a" => "b" },
            ),
        ] {
            assert_eq!(value_of(text), value, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_call() {
        let deep = format!(
            "<methodCall><methodName>m</methodName><params><param>{}",
            "<value><array><data>".repeat(65)
        );
        for (body, kind) in [
            ("", ErrorKind::Empty),
            ("<llsd />", ErrorKind::NoRoot),
            ("<methodCall></methodCall>", ErrorKind::Missing("methodName")),
            ("<methodCall><methodName>m</methodName>", ErrorKind::UnexpectedEnd),
            ("<!DOCTYPE m><methodCall/>", ErrorKind::Doctype),
            (&deep, ErrorKind::TooDeep),
        ] {
            let error = parse_call(body.as_bytes(), &Limits::SMALL).expect_err(body);
            assert_eq!(error.kind, kind, "{body}");
        }
    }

    #[test]
    fn writes_what_the_pickiest_client_reads() {
        assert_eq!(
            write_response(&map! { "a" => "<&>", "n" => -1, "b" => true, "l" => array!["x"] }),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><methodResponse><params><param><value><struct>\
             <member><name>a</name><value><string>&lt;&amp;&gt;</string></value></member>\
             <member><name>n</name><value><i4>-1</i4></value></member>\
             <member><name>b</name><value><boolean>1</boolean></value></member>\
             <member><name>l</name><value><array><data><value><string>x</string></value></data>\
             </array></value></member></struct></value></param></params></methodResponse>"
        );
    }

    #[test]
    fn faults_come_back_as_faults() {
        let fault = Fault { code: -32601, text: "no <such> method".to_owned() };
        let body = write_fault(fault.code, &fault.text);
        assert_eq!(parse_response(body.as_bytes(), &Limits::SMALL), Ok(Err(fault)));
    }

    proptest! {
        #[test]
        fn calls_and_answers_round_trip(
            text in "[ -~äß\n]{0,20}", number: i32, truth: bool, bytes: Vec<u8>, seconds in 0..4_000_000_000_u32
        ) {
            let value = map! {
                text.clone() => text.clone(),
                "number\u{e4}" => array![number, truth, Llsd::Binary(bytes)],
                "date\u{e4}" => Llsd::Date(f64::from(seconds)),
            };
            let call = Call { method: "m".to_owned(), params: vec![value.clone(), number.into()] };
            let body = write_call("m", &call.params);
            prop_assert_eq!(parse_call(body.as_bytes(), &Limits::SMALL), Ok(call));
            let body = write_response(&value);
            prop_assert_eq!(parse_response(body.as_bytes(), &Limits::SMALL), Ok(Ok(value)));
        }

        #[test]
        fn any_text_is_answered(body in "[<>/a-c&;!\\[\\]]{0,60}") {
            let wrapped = format!("<methodCall><methodName>m</methodName><params>{body}</params></methodCall>");
            let _ = parse_call(wrapped.as_bytes(), &Limits::SMALL);
            let _ = parse_response(body.as_bytes(), &Limits::SMALL);
        }
    }
}
