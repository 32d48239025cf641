//! Images that the circuit has no room for are refused, each with what there is too much of.

use crate::sampler::lockstep;
use stoquant_core::score::int8::image::Sampler;
use stoquant_core::score::int8::{Image, Shape};
use stoquant_fpga::sim::{DoesNotFit, ROOM, Score, circuits, registers};
use stoquant_tests::images::random;

/// What is said of an image of this shape.
fn refused(shape: Shape) -> Option<DoesNotFit> {
    let bytes = random(shape, Sampler::Reverse, 1).encode().expect("an image");
    registers(&Image::new(&bytes).expect("an image"), &bytes, ROOM).err()
}

#[test]
fn images_without_room_are_refused() {
    let small = Shape { extent: 8, hidden: [24, 24], rows: 4, stages: 2 };
    for (shape, what, got, message) in [
        (
            Shape { extent: 64, ..small },
            "columns of the lattice",
            64,
            "the image has 64 columns of the lattice: the circuit has room for 32",
        ),
        (
            Shape { extent: 12, ..small },
            "columns, which are no power of two",
            12,
            "the image has 12 columns, which are no power of two: the circuit has room for none",
        ),
        (
            Shape { hidden: [25, 3], ..small },
            "units in a layer",
            25,
            "the image has 25 units in a layer: the circuit has room for 24",
        ),
        (
            Shape { hidden: [3, 25], ..small },
            "units in a layer",
            25,
            "the image has 25 units in a layer: the circuit has room for 24",
        ),
    ] {
        let error = refused(shape).unwrap_or_else(|| panic!("{shape:?} fits"));
        assert_eq!((error.what, error.got), (what, got), "{shape:?}");
        assert_eq!(error.to_string(), message);
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
        let error = refused(shape(rows + 1)).expect("does not fit");
        assert_eq!(error, DoesNotFit { what: "bytes", got: bytes, room: 1 << 16 });
        assert_eq!(error.to_string(), format!("the image has {bytes} bytes: the circuit has room for 65536"));
        assert!(shape(rows).bytes() > ROOM.bytes - 2000);
        lockstep(&mut circuit, &random(shape(rows), Sampler::Reverse, 2), 3, 0, None);
    }
}
