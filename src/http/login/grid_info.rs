//! Information about the grid, in the three formats that viewers request.

use crate::llsd::xml::escape_into;
use crate::llsd::{Llsd, Map};

/// The answer to `get_grid_info`: keys and texts, in the order in which they were set.
#[derive(Clone, Debug, PartialEq)]
pub struct GridInfo(Map);

impl GridInfo {
    /// What a viewer needs to add the grid without a warning.
    pub fn new(login_uri: &str, grid_name: &str, grid_nick: &str, welcome: &str) -> Self {
        let mut info = Self(Map::new());
        info.set("login", login_uri);
        info.set("gridname", grid_name);
        info.set("gridnick", grid_nick);
        // Switches on what viewers can do only on such grids.
        info.set("platform", "OpenSim");
        info.set("welcome", welcome);
        info
    }

    /// Sets a key. Keys that cannot be the name of an XML element are refused.
    pub fn set(&mut self, key: &str, text: &str) -> bool {
        let mut bytes = key.bytes();
        let valid = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if valid {
            self.0.insert(key, text);
        }
        valid
    }

    /// `GET /get_grid_info`, `application/xml`.
    pub fn to_xml(&self) -> String {
        let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\"?><gridinfo>".to_owned();
        for (key, text) in self.texts() {
            for piece in ["<", key, ">"] {
                out.push_str(piece);
            }
            escape_into(&mut out, text);
            for piece in ["</", key, ">"] {
                out.push_str(piece);
            }
        }
        out.push_str("</gridinfo>");
        out
    }

    /// `GET /json_grid_info`, `application/json`.
    pub fn to_json(&self) -> String {
        let members = self.texts().map(|(key, text)| {
            let text = serde_json::Value::from(text);
            format!("\"{key}\":{text}")
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    /// The struct of the XML-RPC method `get_grid_info`.
    pub fn to_llsd(&self) -> Llsd {
        Llsd::Map(self.0.clone())
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key, value.as_str().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::GridInfo;
    use crate::llsd::map;

    fn info() -> GridInfo {
        let mut info = GridInfo::new("http://127.0.0.1:9000/", "A & B", "ab", "http://x/?a=1&b");
        assert!(info.set("helperuri", "\"quoted\""));
        for key in ["", "1st", "a b", "<x>", "é"] {
            assert!(!info.set(key, "x"), "{key}");
        }
        info
    }

    #[test]
    fn xml_is_flat_and_escaped() {
        assert_eq!(
            info().to_xml(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><gridinfo>\
             <login>http://127.0.0.1:9000/</login><gridname>A &amp; B</gridname>\
             <gridnick>ab</gridnick><platform>OpenSim</platform>\
             <welcome>http://x/?a=1&amp;b</welcome><helperuri>&quot;quoted&quot;</helperuri>\
             </gridinfo>"
        );
    }

    #[test]
    fn json_is_a_flat_object_of_strings() {
        assert_eq!(
            info().to_json(),
            "{\"login\":\"http://127.0.0.1:9000/\",\"gridname\":\"A & B\",\"gridnick\":\"ab\",\
             \"platform\":\"OpenSim\",\"welcome\":\"http://x/?a=1&b\",\
             \"helperuri\":\"\\\"quoted\\\"\"}"
        );
    }

    #[test]
    fn later_texts_replace_earlier_ones() {
        let mut info = GridInfo::new("l", "n", "k", "w");
        info.set("platform", "Other");
        assert_eq!(
            info.to_llsd(),
            map! {
                "login" => "l", "gridname" => "n", "gridnick" => "k", "platform" => "Other",
                "welcome" => "w",
            }
        );
    }
}
