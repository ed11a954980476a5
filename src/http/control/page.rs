//! The page at the root of the control listener: what there is, and where.

use super::document;
use crate::llsd::xml::escape_into;

/// The page as HTML, without scripts and without anything to fetch.
pub(super) fn page() -> String {
    let mut out = String::from(HEAD);
    for (method, path, summary) in document::routes() {
        out.push_str("<tr><td>");
        out.push_str(method);
        out.push_str("<td>");
        let is_link = method == "GET" && !path.contains('{') && path != "/v1/scripts";
        if is_link {
            out.push_str("<a href=\"");
            escape_into(&mut out, &path);
            out.push_str("\">");
        }
        out.push_str("<code>");
        escape_into(&mut out, &path);
        out.push_str(if is_link { "</code></a><td>" } else { "</code><td>" });
        escape_into(&mut out, &summary);
    }
    out.push_str("</table></body></html>\n");
    out
}

const HEAD: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>Holm control API</title>\
    <style>body{font:16px sans-serif;margin:3em auto;max-width:60em;\
    background:#12202c;color:#dde6ee}code,a{color:#9fd0ff}\
    td{padding:.3em 1em .3em 0;vertical-align:top}</style></head><body>\
    <h1>Holm control API</h1>\
    <p>Inspect this grid and act on it: JSON in and out. \
    <a href=\"/openapi.json\"><code>/openapi.json</code></a> describes every field. \
    Links open the routes that only read.</p><table>";
