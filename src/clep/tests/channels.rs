//! Hashes and channels compared with published values.

use super::*;

/// Domain, SHA-256 tail, channel of `seed-chuf`, `llHash`, with the sign bit, with two bits.
const DOMAINS: [(&str, u32, i32, u32, i32, i32); 24] = [
    ("", 0x7852_b855, 2_018_687_061, 0, -2_147_483_648, -1_073_741_824),
    ("a", 0xafee_48bb, -1_343_338_309, 0x61, -2_147_483_551, -1_073_741_727),
    ("test", 0xb0f0_0a08, -1_326_446_072, 0x4745_d132, -951_725_774, -951_725_774),
    ("Test", 0x0f34_5e25, 255_090_213, 0x766b_b952, -160_712_366, -160_712_366),
    ("test ", 0xc78d_a39c, -947_018_852, 0x5b60_7b6e, -614_433_938, -614_433_938),
    ("hello", 0x938b_9824, -1_819_568_092, 0x28d1_9932, -1_462_658_766, -388_916_942),
    ("en", 0x5e17_151c, 1_578_571_036, 0x0065_1949, -2_140_858_039, -1_067_116_215),
    ("a,b", 0xeb32_c1b5, -348_995_147, 0x2fef_eb17, -1_343_231_209, -269_489_385),
    (NULL_KEY, 0xb849_aca8, -1_203_131_224, 0x5114_7080, -787_189_632, -787_189_632),
    (PRIM, 0xa5f2_66f6, -1_510_840_586, 0xc953_7c4c, -917_275_572, -917_275_572),
    (
        "8F3C1D2E-4B5A-6978-8796-A5B4C3D2E1F0",
        0x1c58_6281,
        475_554_433,
        0x9204_bccc,
        -1_845_183_284,
        -771_441_460,
    ),
    ("CLEP Test Domain", 0xd2cc_d454, -758_328_236, 0xee02_1166, -301_854_362, -301_854_362),
    ("домен", 0x339b_26a1, 865_805_985, 0xf768_8dfa, -144_142_854, -144_142_854),
    ("日本語", 0x2e97_e0a5, 781_705_381, 0x9427_b1d7, -1_809_337_897, -735_596_073),
    ("🧡", 0x12dd_9b67, 316_513_127, 0x0001_f9e1, -2_147_354_143, -1_073_612_319),
    ("caf\u{e9}", 0x28a9_bf4e, 682_213_198, 0x2e4c_b3c1, -1_370_704_959, -296_963_135),
    ("cafe\u{301}", 0xe04b_015a, -531_955_366, 0x181d_1f04, -1_742_921_980, -669_180_156),
    ("d997831", 0x0000_0118, 280, 0xd305_42a3, -754_629_981, -754_629_981),
    ("d957899", 0x7fff_f6d8, 2_147_481_304, 0xc359_c821, -1_017_526_239, -1_017_526_239),
    ("d116655", 0xffff_ff68, -152, 0xd2be_5164, -759_279_260, -759_279_260),
    ("2xlhr0", 0x6bd0_4c6f, 1_808_813_167, 0, -2_147_483_648, -1_073_741_824),
    ("0f84gt", 0xe51c_5501, -451_128_063, 0x7fff_ffff, -1, -1),
    ("ci87vk9", 0x8343_6677, -2_092_734_857, 0xffff_ffff, -1, -1),
    ("0f84gu", 0x8cad_0793, -1_934_817_389, 0x8000_0000, -2_147_483_648, -1_073_741_824),
];

/// Service, domain, and the channels of `clep-sha`, `clep-hash-a`, `clep-hash-b`, `clep-svc`.
const SERVICES: [(&str, &str, i32, i32, i32, i32); 6] = [
    ("svc", "test", -199_295_149, -1_672_296_274, -1_672_296_274, -110_328_430),
    ("", "test", -1_326_446_072, 1_195_757_874, -951_725_774, -951_725_774),
    ("sv", "ctest", 638_196_045, -887_508_776, -887_508_776, -110_328_430),
    ("tests", "vc", 1_644_803_282, -1_504_442_732, -1_504_442_732, -1_672_296_274),
    ("enCLEP", "CLEP Test Domain", 292_113_403, 1_006_704_195, -1_140_779_453, -159_278_269),
    ("сервис", "домен", -1_334_807_953, 217_356_329, -1_930_127_319, -1_628_108_917),
];

#[track_caller]
fn is(dialect: Dialect, service: &str, domain: &str, expected: i32) {
    assert_eq!(channel(dialect, service, domain), Ok(expected), "{dialect} {service:?} {domain:?}");
}

#[test]
fn domains_alone() {
    for (domain, tail, seed, hash, sign, two) in DOMAINS {
        assert_eq!(from_hash(tail), seed, "{domain:?}");
        is(Dialect::SeedChuf, "", domain, seed);
        is(Dialect::SeedChuf, "not hashed", domain, seed);
        is(Dialect::Xichat, "", domain, seed);
        is(Dialect::ClepSha, "", domain, seed);
        assert_eq!(ll_hash(domain), hash, "{domain:?}");
        is(Dialect::ClepHashA, "", domain, from_hash(hash));
        for dialect in [
            Dialect::ClepHashB,
            Dialect::ClepSvc,
            Dialect::ClepRpcShort,
            Dialect::ClepLines,
            Dialect::ClepJsonLua,
        ] {
            is(dialect, "", domain, sign);
        }
        is(Dialect::ClepJson, "", domain, two);
    }
}

#[test]
fn no_domain_is_too_long() {
    let domain = "x".repeat(1024);
    is(Dialect::SeedChuf, "", &domain, 904_594_423);
    assert_eq!(ll_hash(&domain), 0x1f3c_0000);
    is(Dialect::ClepLines, "", &domain, -1_623_457_792);
    is(Dialect::ClepJson, "", &domain, -549_715_968);
}

#[test]
fn services_and_domains() {
    for (service, domain, sha, hash_a, hash_b, svc) in SERVICES {
        is(Dialect::ClepSha, service, domain, sha);
        is(Dialect::Xichat, service, domain, sha);
        is(Dialect::ClepHashA, service, domain, hash_a);
        is(Dialect::ClepHashB, service, domain, hash_b);
        is(Dialect::ClepSvc, service, domain, svc);
    }
    // Nothing is between the two.
    assert_eq!(channel(Dialect::ClepSha, "svc", "test"), channel(Dialect::ClepSha, "stsvc", "te"),);
}

#[test]
fn visible_channels_are_moved() {
    for (hash, channel) in [
        (0, 1),
        (1, 1),
        (0x7fff_ffff, i32::MIN),
        (0x8000_0000, i32::MIN),
        (0x7fff_fffe, 2_147_483_646),
        (0xffff_ffff, -1),
    ] {
        assert_eq!(from_hash(hash), channel, "{hash:#x}");
    }
    // Found by search: their sums end in 0, in 0x7FFFFFFF, and beside them.
    is(Dialect::SeedChuf, "", "clep-6023606648", 1);
    is(Dialect::SeedChuf, "", "clep-7599567870", 1);
    is(Dialect::SeedChuf, "", "CLEP-4882641407", i32::MIN);
    is(Dialect::SeedChuf, "", "CLEP-8564023196", i32::MIN);
    is(Dialect::SeedChuf, "", "clep-8274526887", i32::MIN);
    is(Dialect::SeedChuf, "", "clep-8710695696", -1);
    is(Dialect::ClepHashA, "", "2xlhr0", 1);
    is(Dialect::ClepHashA, "", "0f84gt", i32::MIN);
    is(Dialect::ClepRpcLua, "", "2xlhr0", -1);
    is(Dialect::ClepRpcLua, "", "0f84gt", 0x7fff_fffe);
    is(Dialect::ClepRpcLua, "", "d997831", -754_629_981);
}

#[test]
fn newlines_are_refused_and_nothing_else() {
    for dialect in Dialect::ALL {
        for (name, after) in [("a\nb", 1), ("\n", 0), ("日\n", 1)] {
            let error = |part| Err(NameError { part, after });
            assert_eq!(channel(dialect, "", name), error("domain"));
            assert_eq!(channel(dialect, name, "a"), error("service"));
            let lenient = channel_lenient(dialect, "", name);
            assert!(lenient != PUBLIC_CHANNEL && lenient != DEBUG_CHANNEL);
        }
        for name in ["\r", "\t", "\0", "\u{85}\u{2028}"] {
            assert!(channel(dialect, name, name).is_ok(), "{dialect} {name:?}");
        }
    }
}

#[test]
fn keys_become_domains_only_on_request() {
    let upper = PRIM.to_uppercase();
    assert_eq!(prim_domain(&upper).as_deref(), Some(PRIM));
    assert_ne!(channel(Dialect::ClepJson, "", &upper), channel(Dialect::ClepJson, "", PRIM));
    for other in ["", "test", &PRIM.replace('-', ""), &format!("{{{PRIM}}}")] {
        assert_eq!(prim_domain(other), None, "{other}");
    }
}
