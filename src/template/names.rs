//! Converts names in the template to Rust names.

/// Whether `word` can be the name of a message, block or field.
pub fn is_name(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A field or block name as a Rust field: `SimIP` gives `sim_ip`, `UUIDNameBlock` gives
/// `uuid_name_block`, `OwnerIDs` gives `owner_ids`; keywords get a trailing underscore.
pub fn field_name(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, &c) in chars.iter().enumerate() {
        if at > 0 && c.is_ascii_uppercase() && starts_word(&chars, at) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    if KEYWORDS.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

/// Whether the capital at `at` begins a new word: behind a small letter or digit, or as the last
/// of a run of capitals that a small letter follows, unless that letter is a plural s.
fn starts_word(chars: &[char], at: usize) -> bool {
    let is = |index: usize, test: fn(&char) -> bool| chars.get(index).is_some_and(test);
    let before = chars[at - 1];
    if before == '_' {
        return false;
    }
    if !before.is_ascii_uppercase() {
        return true;
    }
    let plural = chars.get(at + 1) == Some(&'s') && !is(at + 2, char::is_ascii_lowercase);
    is(at + 1, char::is_ascii_lowercase) && !plural
}

const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::{field_name, is_name};

    #[test]
    fn fields_become_snake_case() {
        for (name, rust) in [
            ("AgentID", "agent_id"),
            ("SimIP", "sim_ip"),
            ("UUIDNameBlock", "uuid_name_block"),
            ("AABBMin", "aabb_min"),
            ("PCode", "p_code"),
            ("OwnerIDs", "owner_ids"),
            ("NVPairs", "nv_pairs"),
            ("EMail", "e_mail"),
            ("Type", "type_"),
            ("RegionInfo2", "region_info2"),
            ("TerrainHeightRange00", "terrain_height_range00"),
            ("ID", "id"),
            ("CPUClassID", "cpu_class_id"),
            ("already_snake", "already_snake"),
            ("Some_Name", "some_name"),
        ] {
            assert_eq!(field_name(name), rust);
        }
    }

    #[test]
    fn names_are_ascii_words() {
        assert!(is_name("A") && is_name("Test_1"));
        assert!(!is_name("") && !is_name("1A") && !is_name("A-B") && !is_name("Ä"));
    }
}
