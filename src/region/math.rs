//! Vector arithmetic for avatars, and sanitising numbers from clients.
//!
//! All functions are total: they accept any bit pattern and return finite numbers.

use crate::message::{Quaternion, Vector3};

/// A vector from its parts.
pub const fn vector(x: f32, y: f32, z: f32) -> Vector3 {
    Vector3 { x, y, z }
}

/// The null vector.
pub const ZERO: Vector3 = vector(0.0, 0.0, 0.0);

/// No rotation.
pub const IDENTITY: Quaternion = Quaternion { x: 0.0, y: 0.0, z: 0.0, w: 1.0 };

/// `a + b · factor`.
pub fn add_scaled(a: Vector3, b: Vector3, factor: f32) -> Vector3 {
    vector(b.x.mul_add(factor, a.x), b.y.mul_add(factor, a.y), b.z.mul_add(factor, a.z))
}

/// `v · factor`.
pub fn scaled(v: Vector3, factor: f32) -> Vector3 {
    vector(v.x * factor, v.y * factor, v.z * factor)
}

/// The square of the distance between two places.
pub fn distance_squared(a: Vector3, b: Vector3) -> f32 {
    // No multiply-add, which is a call where the processor is not known to have it.
    length_squared(vector(a.x - b.x, a.y - b.y, a.z - b.z))
}

/// The square of a vector's length.
pub fn length_squared(v: Vector3) -> f32 {
    v.x * v.x + v.y * v.y + v.z * v.z
}

/// The vector of length 1 in the same direction, or the null vector for a null vector.
pub fn normalized(v: Vector3) -> Vector3 {
    let length = length_squared(v).sqrt();
    if length > 1e-6 { scaled(v, 1.0 / length) } else { ZERO }
}

/// `v` turned by the unit quaternion `q`.
pub fn rotated(v: Vector3, q: Quaternion) -> Vector3 {
    let u = vector(q.x, q.y, q.z);
    let t = scaled(cross(u, v), 2.0);
    let sum = add_scaled(v, t, q.w);
    add_scaled(sum, cross(u, t), 1.0)
}

fn cross(a: Vector3, b: Vector3) -> Vector3 {
    vector(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}

/// The part of a rotation that turns about the vertical axis.
pub fn yaw_only(q: Quaternion) -> Quaternion {
    let length = (q.z * q.z + q.w * q.w).sqrt();
    if length < 1e-4 {
        return IDENTITY;
    }
    Quaternion { x: 0.0, y: 0.0, z: q.z / length, w: q.w / length }
}

/// The rotation about the vertical axis that makes an avatar look along `look_at`.
pub fn yaw_towards(look_at: Vector3) -> Quaternion {
    let half = look_at.y.atan2(look_at.x) / 2.0;
    Quaternion { x: 0.0, y: 0.0, z: half.sin(), w: half.cos() }
}

/// A client's vector with every part that is no number replaced by 0 and the rest kept in ±`limit`.
pub fn sane_vector(v: Vector3, limit: f32) -> Vector3 {
    let part = |value: f32| if value.is_finite() { value.clamp(-limit, limit) } else { 0.0 };
    vector(part(v.x), part(v.y), part(v.z))
}

/// A client's rotation made a unit quaternion; identity if it is none at all.
pub fn sane_rotation(q: Quaternion) -> Quaternion {
    let square = q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w;
    if !square.is_finite() || square < 1e-6 {
        return IDENTITY;
    }
    let length = square.sqrt();
    Quaternion { x: q.x / length, y: q.y / length, z: q.z / length, w: q.w / length }
}

/// A direction to look in: horizontal, of length 1, east if the client gave none.
pub fn sane_look_at(look_at: Vector3) -> Vector3 {
    let flat = normalized(vector(sane_vector(look_at, 1e6).x, sane_vector(look_at, 1e6).y, 0.0));
    if flat == ZERO { vector(1.0, 0.0, 0.0) } else { flat }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_forward_to_north() {
        let q = yaw_towards(vector(0.0, 1.0, 0.0));
        let north = rotated(vector(1.0, 0.0, 0.0), q);
        assert!(distance_squared(north, vector(0.0, 1.0, 0.0)) < 1e-6, "{north:?}");
    }

    #[test]
    fn hostile_numbers_become_harmless() {
        let bad = vector(f32::NAN, f32::INFINITY, -1e30);
        assert_eq!(sane_vector(bad, 256.0), vector(0.0, 0.0, -256.0));
        let nan = Quaternion { x: f32::NAN, y: 0.0, z: 0.0, w: 1.0 };
        assert_eq!(sane_rotation(nan), IDENTITY);
        assert_eq!(sane_rotation(Quaternion { x: 0.0, y: 0.0, z: 0.0, w: 0.0 }), IDENTITY);
        let huge = Quaternion { x: 1e30, y: 0.0, z: 0.0, w: 0.0 };
        assert_eq!(sane_rotation(huge), IDENTITY);
        assert_eq!(sane_look_at(bad), vector(1.0, 0.0, 0.0));
        assert_eq!(sane_look_at(vector(0.0, -5.0, 3.0)), vector(0.0, -1.0, 0.0));
    }

    #[test]
    fn yaw_drops_pitch_and_roll() {
        let q = sane_rotation(Quaternion { x: 0.3, y: 0.2, z: 0.5, w: 0.8 });
        let yaw = yaw_only(q);
        assert_eq!((yaw.x, yaw.y), (0.0, 0.0));
        assert!((yaw.z * yaw.z + yaw.w * yaw.w - 1.0).abs() < 1e-6);
        assert_eq!(yaw_only(Quaternion { x: 1.0, y: 0.0, z: 0.0, w: 0.0 }), IDENTITY);
    }
}
