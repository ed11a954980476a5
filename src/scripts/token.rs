//! Compares secrets in constant time, so that timing does not reveal how much of a guess was right.

/// Whether two secrets are equal, in a time that depends on the lengths only.
pub fn same_secret(one: &[u8], two: &[u8]) -> bool {
    let difference = one.iter().zip(two).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == two.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_secrets_are_the_same() {
        assert!(same_secret(b"s3cret", b"s3cret"));
        for wrong in [&b""[..], b"s3cre", b"s3crets", b"S3cret"] {
            assert!(!same_secret(wrong, b"s3cret"));
        }
    }
}
