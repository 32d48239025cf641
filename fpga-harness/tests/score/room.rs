//! Images that the circuit has no room for are refused, each with what there is too much of.

use crate::sampler::lockstep;
use stoquant_core::score::int8::image::Sampler;
use stoquant_core::score::int8::{Image, Shape};
use stoquant_fpga::sim::{Score, circuits};
use stoquant_link::description::ROOM;
use stoquant_tests::images::random;

/// What is said of an image of this shape.
fn refused(shape: Shape) -> Option<String> {
    let bytes = random(shape, Sampler::Reverse, 1).encode().expect("an image");
    ROOM.check(&Image::new(&bytes).expect("an image")).err().map(|error| error.to_string())
}

#[test]
fn images_without_room_are_refused() {
    let small = Shape { extent: 8, hidden: [24, 24], rows: 4, stages: 2 };
    for (shape, what) in [
        (Shape { extent: 64, ..small }, "64 rows and columns: the circuit has room for 32"),
        (Shape { extent: 12, ..small }, "12 rows and columns, which are no power of two: the circuit has room for 8"),
        (Shape { hidden: [25, 3], ..small }, "25 units in a layer: the circuit has room for 24"),
        (Shape { hidden: [3, 25], ..small }, "25 units in a layer: the circuit has room for 24"),
    ] {
        assert_eq!(refused(shape), Some(format!("the image has {what}")));
    }
    for extent in [4, 8, 16, 32] {
        assert_eq!(refused(Shape { extent, ..small }), None, "L = {extent}");
    }
}

/// The largest images that fit run; those of a row more do not fit.
#[test]
fn images_as_long_as_the_room() {
    let mut circuit = Score::new(&circuits::SCORE, 11);
    for extent in [4, 32] {
        let shape = |rows| Shape { extent, hidden: [24, 23], rows, stages: 3 };
        let rows = (4..1024).rev().find(|&rows| shape(rows).bytes() <= ROOM.bytes).expect("one fits");
        let bytes = shape(rows + 1).bytes();
        let said = format!("the image has {bytes} bytes: the circuit has room for 65534");
        assert_eq!(refused(shape(rows + 1)), Some(said));
        assert!(shape(rows).bytes() > ROOM.bytes - 2000);
        lockstep(&mut circuit, &random(shape(rows), Sampler::Reverse, 2), 3, 0, None);
    }
}
