//! Headers, there and back.

use super::*;

#[test]
fn headers_go_both_ways_and_begin_numbers_at_64() {
    for shape in [vec![], vec![7], vec![3, 4], vec![1000, 8, 8, 8, 8], vec![0]] {
        for (kind, size) in [(Kind::Float, 4), (Kind::Float, 8), (Kind::Signed, 1), (Kind::Unsigned, 4)] {
            let header = Header { kind, size, big_endian: false, fortran: false, shape: shape.clone() };
            let bytes = header.encode();
            assert_eq!((bytes.len() % 64, Header::read(&mut &bytes[..])), (0, Ok(header)));
        }
    }
}

#[test]
fn what_python_2_wrote_is_read() {
    let old = "{'descr': u'>f8', 'fortran_order': True, 'shape': (40L, 8L), }";
    let want = Header { kind: Kind::Float, size: 8, big_endian: true, fortran: true, shape: vec![40, 8] };
    assert_eq!(Header::parse(old), Ok(want));
}

/// Every reason is one line.
#[test]
fn broken_headers_are_refused_in_one_line() {
    let with = |descr: &str, shape: &str| format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}");
    for (text, word) in [
        (with("'<f8'", "(-1,)"), "extent -1"),
        (with("'<f8'", "(99999999999999999999999,)"), "extent 9"),
        (with("'<f8'", "(2.5,)"), "damaged"),
        (with("'<f8'", "3"), "damaged"),
        (with("'<c16'", "(3,)"), "<c16"),
        (with("'<f2'", "(3,)"), "<f2"),
        (with("'|O'", "(3,)"), "|O"),
        (with("[('a', '<f8')]", "(3,)"), "records"),
        (with("''", "(3,)"), "type"),
        ("{\n'descr'\n".into(), "damaged"),
        ("{'descr': '<f8'}".into(), "damaged"),
        (String::new(), "damaged"),
    ] {
        let reason = Header::parse(&text).expect_err(&text);
        assert!(reason.contains(word) && reason.lines().count() == 1, "{text}: {reason}");
    }
}

#[test]
fn the_other_order_is_turned() {
    // a[i, j, k] = 100 i + 10 j + k.
    let shape = [2, 3, 4];
    let fortran: Vec<f64> = (0..24).map(|n| (n % 2 * 100 + n / 2 % 3 * 10 + n / 6) as f64).collect();
    let rows: Vec<f64> = (0..24).map(|n| (n / 12 * 100 + n / 4 % 3 * 10 + n % 4) as f64).collect();
    assert_eq!(transposed(&fortran, &shape), rows);
}
