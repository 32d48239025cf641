//! Images of quantised networks: broken ones are refused, all others run, and what runs has the symmetries of the
//! lattice to the bit.

use proptest::prelude::*;
use stoquant_core::score::int8::Image;
use stoquant_core::score::int8::image::{HEADER, ImageError, crc32};
use stoquant_core::score::int8::layout::{Field, header};
use stoquant_tests::images::{corpus, exercise, with_checksum};

/// Every accumulator at the extremes of its table, with overflow checks: the corpus has images made of the largest
/// numbers only.
#[test]
fn the_largest_numbers_overflow_nothing() {
    for (n, bytes) in corpus().iter().enumerate() {
        assert_eq!(exercise(bytes, n as u64), Ok(()), "image {n}");
    }
}

/// A header that was checked gives the image again, of the same bytes and whatever lies behind them; of fewer bytes it
/// gives none.
#[test]
fn a_checked_header_gives_the_image_again() {
    for bytes in corpus() {
        let image = Image::new(bytes).expect("an image");
        let header = image.header();
        let again = header.image(bytes).expect("the same bytes");
        assert_eq!((again.header(), again.weights(), again.largest()), (header, image.weights(), image.largest()));
        let longer = [&bytes[..], &[7; 5]].concat();
        assert!(
            header.image(&longer).is_some_and(|again| again.row(3).eq(image.row(3)) && again.end().eq(image.end()))
        );
        assert!(header.image(&bytes[..bytes.len() - 1]).is_none());
    }
}

/// Known answer of CRC-32 (ISO-HDLC).
#[test]
fn check_sum_is_that_of_zlib() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn every_cut_is_refused() {
    for bytes in corpus().iter().filter(|bytes| bytes.len() < 1 << 15) {
        for length in 0..bytes.len() {
            assert!(Image::new(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Image::new(&longer).is_err());
    }
}

/// One flipped bit anywhere is seen by the check sum, and the header's errors say what is wrong.
#[test]
fn errors_say_what_is_wrong() {
    let good = &corpus()[1];
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(Image::new(&bytes).is_err(), "byte {at}");
    }
    let with = |field: Field<2>, value: u16| {
        let mut bytes = good.clone();
        field.write(&mut bytes, value.to_le_bytes());
        Image::new(&with_checksum(bytes)).err()
    };
    assert_eq!(with(Field { at: header::MAGIC.at }, 0), Some(ImageError::Magic));
    assert_eq!(with(header::VERSION, 2), Some(ImageError::Version(2)));
    assert_eq!(with(header::NOISE, 18), Some(ImageError::Header { what: "width of the noise", value: 18 }));
    assert_eq!(with(header::FIRST, 0), Some(ImageError::Header { what: "units of layer 1", value: 0 }));
    assert!(matches!(with(header::EXTENT, 10), Some(ImageError::Length { .. })));
    // A line of H that could overflow the transform.
    assert_eq!(with(Field { at: HEADER }, 32767), Some(ImageError::Matrix(0)));
    let mut bytes = good.clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(Image::new(&bytes).err(), Some(ImageError::Checksum));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any bytes put anywhere, the check sum mended: an error or an image that runs.
    #[test]
    fn broken_images_do_no_harm(
        which in 0_usize..8,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), any::<u8>()), 1..40),
        seed in any::<u64>(),
    ) {
        let mut bytes = corpus()[which].clone();
        for (at, header, value) in edits {
            let range = if header { HEADER } else { bytes.len() };
            bytes[at.index(range)] = value;
        }
        let _ = exercise(&with_checksum(bytes), seed);
    }
}
