//! Lattices whose extents the compiler knows: the field is an array, and its size a constant.

use super::WORK_BLOCKS;

/// A lattice of `D` dimensions with extents in its type, and the arrays that hold a field and its work memory.
pub trait FixedLattice<const D: usize> {
    /// Extents, slowest first.
    const EXTENTS: [usize; D];
    /// One field.
    type Field<T: Copy>: Copy;
    /// Work memory of one slab per block.
    type Work<T: Copy>: Copy;
    /// A field of one value.
    fn field<T: Copy>(value: T) -> Self::Field<T>;
    /// Work memory.
    fn work<T: Copy>(value: T) -> Self::Work<T>;
    /// Sites in row-major order.
    fn sites<T: Copy>(field: &Self::Field<T>) -> &[T];
    /// Sites in row-major order, mutable.
    fn sites_mut<T: Copy>(field: &mut Self::Field<T>) -> &mut [T];
    /// Work memory as a slice.
    fn work_mut<T: Copy>(work: &mut Self::Work<T>) -> &mut [T];
}

macro_rules! fixed_lattice {
    ($(#[$doc:meta])* $name:ident, $dims:literal, [$($extent:ident),*], $field:ty, $slab:ty,
     |$value:ident| $new_field:expr, $new_slab:expr,
     |$flat:ident| $flat_field:expr, $flat_field_mut:expr, $flat_work:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<$(const $extent: usize),*>;

        impl<$(const $extent: usize),*> FixedLattice<$dims> for $name<$($extent),*> {
            const EXTENTS: [usize; $dims] = [$($extent),*];
            type Field<T: Copy> = $field;
            type Work<T: Copy> = [$slab; WORK_BLOCKS];
            fn field<T: Copy>($value: T) -> $field {
                $new_field
            }
            fn work<T: Copy>($value: T) -> [$slab; WORK_BLOCKS] {
                [$new_slab; WORK_BLOCKS]
            }
            fn sites<T: Copy>($flat: &$field) -> &[T] {
                $flat_field
            }
            fn sites_mut<T: Copy>($flat: &mut $field) -> &mut [T] {
                $flat_field_mut
            }
            fn work_mut<T: Copy>($flat: &mut [$slab; WORK_BLOCKS]) -> &mut [T] {
                $flat_work
            }
        }
    };
}

fixed_lattice!(
    /// A single site.
    Site, 0, [], [T; 1], T, |v| [v], v, |f| f, f, f
);
fixed_lattice!(
    /// A ring of `L` sites.
    Ring, 1, [L], [T; L], T, |v| [v; L], v, |f| f, f, f
);
fixed_lattice!(
    /// A two-dimensional torus.
    Torus2, 2, [L0, L1], [[T; L1]; L0], [T; L1], |v| [[v; L1]; L0], [v; L1],
    |f| f.as_flattened(), f.as_flattened_mut(), f.as_flattened_mut()
);
fixed_lattice!(
    /// A three-dimensional torus.
    Torus3, 3, [L0, L1, L2], [[[T; L2]; L1]; L0], [[T; L2]; L1], |v| [[[v; L2]; L1]; L0], [[v; L2]; L1],
    |f| f.as_flattened().as_flattened(), f.as_flattened_mut().as_flattened_mut(),
    f.as_flattened_mut().as_flattened_mut()
);
fixed_lattice!(
    /// A four-dimensional torus.
    Torus4, 4, [L0, L1, L2, L3], [[[[T; L3]; L2]; L1]; L0], [[[T; L3]; L2]; L1],
    |v| [[[[v; L3]; L2]; L1]; L0], [[[v; L3]; L2]; L1],
    |f| f.as_flattened().as_flattened().as_flattened(),
    f.as_flattened_mut().as_flattened_mut().as_flattened_mut(),
    f.as_flattened_mut().as_flattened_mut().as_flattened_mut()
);
