//! The compound values of the template. Arithmetic on them belongs to the region.

/// LLVector3: a place or direction in a region, in metres.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vector3 {
    /// East.
    pub x: f32,
    /// North.
    pub y: f32,
    /// Up.
    pub z: f32,
}

/// LLVector3d: a place on the grid, in metres.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vector3d {
    /// East.
    pub x: f64,
    /// North.
    pub y: f64,
    /// Up.
    pub z: f64,
}

/// LLVector4: four numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "they have no meaning of their own")]
pub struct Vector4 {
    pub x: f32,
    pub y: f32,
    pub z: f32,
    pub w: f32,
}

/// LLQuaternion: a rotation, of length 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "they have no meaning of their own")]
pub struct Quaternion {
    pub x: f32,
    pub y: f32,
    pub z: f32,
    pub w: f32,
}

impl Vector3 {
    /// A vector of three parts.
    pub const fn new(x: f32, y: f32, z: f32) -> Self {
        Self { x, y, z }
    }
}

impl Vector3d {
    /// A vector of three parts.
    pub const fn new(x: f64, y: f64, z: f64) -> Self {
        Self { x, y, z }
    }
}

impl Vector4 {
    /// A vector of four parts.
    pub const fn new(x: f32, y: f32, z: f32, w: f32) -> Self {
        Self { x, y, z, w }
    }
}

impl Quaternion {
    /// No rotation.
    pub const IDENTITY: Self = Self { x: 0.0, y: 0.0, z: 0.0, w: 1.0 };

    /// The rotation whose first three parts travel on the wire. W is what makes the length 1,
    /// or 0 where the parts are too long for that.
    pub fn from_wire(x: f32, y: f32, z: f32) -> Self {
        let square = 1.0 - (x * x + y * y + z * z);
        let w = if square > 0.0 { square.sqrt() } else { 0.0 };
        Self { x, y, z, w }
    }

    /// The three parts that travel on the wire: of the two quaternions of one rotation those of
    /// the one whose W is not negative.
    pub fn to_wire(self) -> [f32; 3] {
        if self.w < 0.0 { [-self.x, -self.y, -self.z] } else { [self.x, self.y, self.z] }
    }
}

impl Default for Quaternion {
    fn default() -> Self {
        Self::IDENTITY
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact results")]
mod tests {
    use super::Quaternion;

    #[test]
    fn quaternion_w_comes_from_the_others() {
        assert_eq!(Quaternion::from_wire(0.0, 0.0, 0.0), Quaternion::IDENTITY);
        assert_eq!(Quaternion::from_wire(0.0, 0.6, 0.0).w, 0.8);
        assert_eq!(Quaternion::from_wire(1.0, 1.0, 0.0).w, 0.0);
    }

    #[test]
    fn a_negative_w_turns_all_signs() {
        let turned = Quaternion { x: 0.5, y: -0.5, z: 0.5, w: -0.5 };
        assert_eq!(turned.to_wire(), [-0.5, 0.5, -0.5]);
        assert_eq!(Quaternion { w: 0.5, ..turned }.to_wire(), [0.5, -0.5, 0.5]);
    }
}
