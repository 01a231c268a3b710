(** Orthonormal columns and the projections they make.

    A basis is a matrix with orthonormal columns, [u^T *m u = 1]; its projector is [u *m u^T]. Along a mode of a tensor the
    projector acts by the mode product. What projections have in common is proved once, for any [P] that is linear,
    self-adjoint and idempotent, and then said of one mode and of two modes at once. *)

From mathcomp Require Import all_ssreflect all_algebra.
From LoRi Require Import Unfold.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Bases.

Variable R : comRingType.

Definition orthonormal m r (u : 'M[R]_(m, r)) := u^T *m u = 1%:M.
Definition projector m r (u : 'M[R]_(m, r)) : 'M[R]_m := u *m u^T.

Definition symmetric_idempotent m (p : 'M[R]_m) := p^T = p /\ p *m p = p.

Lemma projectorP m r (u : 'M[R]_(m, r)) : orthonormal u -> symmetric_idempotent (projector u).
Proof.
move=> ou; split; first by rewrite /projector trmx_mul trmxK.
by rewrite /projector mulmxA -(mulmxA u) ou mulmx1.
Qed.

Lemma zero_idempotent m : symmetric_idempotent (0 : 'M[R]_m).
Proof. by split; rewrite ?trmx0 ?mulmx0. Qed.

(** The projector of a basis is symmetric and projecting twice is projecting once, so "inside the subspace" and "the rest"
    are well defined. Only the span matters: turning the columns among themselves leaves the projector as it is. *)
Theorem projector_symmetric_idempotent m r (u : 'M[R]_(m, r)) (q : 'M[R]_r) :
  orthonormal u -> q *m q^T = 1%:M ->
  [/\ (projector u)^T = projector u, projector u *m projector u = projector u &
      projector (u *m q) = projector u].
Proof.
move=> ou oq; have [t i] := projectorP ou; split=> //.
by rewrite /projector trmx_mul mulmxA -(mulmxA u) oq mulmx1.
Qed.

Variables m1 m2 m3 : nat.
Implicit Types x : tensor R m1 m2 m3.

(** The projection of a tensor along one mode. *)
Definition proj1 r (u : 'M[R]_(m1, r)) x := mode_product1 (projector u) x.
Definition proj2 r (v : 'M[R]_(m2, r)) x := mode_product2 (projector v) x.
Definition proj3 r (w : 'M[R]_(m3, r)) x := mode_product3 (projector w) x.

End Bases.

Section InnerProduct.

Variable R : comRingType.

Lemma mxdot_adjoint m n p (a : 'M[R]_(n, m)) (b : 'M[R]_(m, p)) (c : 'M[R]_(n, p)) :
  mxdot (a *m b) c = mxdot b (a^T *m c).
Proof. by rewrite !mxdotE trmx_mul trmxK mulmxA -mulmxA mxtrace_mulC. Qed.

(** A matrix moves to the other side of the inner product as its transpose. *)
Lemma mode_product_adjoint m1 m2 m3 n (x : tensor R m1 m2 m3)
    (a : 'M[R]_(n, m1)) (b : 'M[R]_(n, m2)) (c : 'M[R]_(n, m3)) y1 y2 y3 :
  [/\ dot (mode_product1 a x) y1 = dot x (mode_product1 a^T y1),
      dot (mode_product2 b x) y2 = dot x (mode_product2 b^T y2) &
      dot (mode_product3 c x) y3 = dot x (mode_product3 c^T y3)].
Proof.
have [ea _ _] := unfold_mode_product x a b c; have [_ eb _] := unfold_mode_product x a b c.
have [_ _ ec] := unfold_mode_product x a b c.
split.
- have [-> _ _] := dot_unfold (mode_product1 a x) y1; have [-> _ _] := dot_unfold x (mode_product1 a^T y1).
  by have [-> _ _] := unfold_mode_product y1 a^T 0 0; rewrite ea mxdot_adjoint.
- have [_ -> _] := dot_unfold (mode_product2 b x) y2; have [_ -> _] := dot_unfold x (mode_product2 b^T y2).
  by have [_ -> _] := unfold_mode_product y2 0 b^T 0; rewrite eb mxdot_adjoint.
- have [_ _ ->] := dot_unfold (mode_product3 c x) y3; have [_ _ ->] := dot_unfold x (mode_product3 c^T y3).
  by have [_ _ ->] := unfold_mode_product y3 0 0 c^T; rewrite ec mxdot_adjoint.
Qed.

Variables m1 m2 m3 : nat.
Implicit Types x y z : tensor R m1 m2 m3.

Lemma dotC x y : dot x y = dot y x.
Proof. by apply: eq_bigr => t _; rewrite mulrC. Qed.

Lemma dotBl x y z : dot (x - y) z = dot x z - dot y z.
Proof. by rewrite /dot -sumrB; apply: eq_bigr => t _; rewrite !ffunE mulrBl. Qed.

Lemma dotBr x y z : dot x (y - z) = dot x y - dot x z.
Proof. by rewrite dotC dotBl !(dotC x). Qed.

Lemma dotDl x y z : dot (x + y) z = dot x z + dot y z.
Proof. by rewrite /dot -big_split; apply: eq_bigr => t _; rewrite !ffunE mulrDl. Qed.

Lemma sqnormD x y : dot x y = 0 -> sqnorm (x + y) = sqnorm x + sqnorm y.
Proof.
move=> xy; rewrite /sqnorm dotDl (dotC x) (dotC y) !dotDl (dotC y x) xy addr0.
by rewrite add0r.
Qed.

Lemma mode_productB n (u : 'M[R]_(n, m1)) (v : 'M[R]_(n, m2)) (w : 'M[R]_(n, m3)) x y :
  [/\ mode_product1 u (x - y) = mode_product1 u x - mode_product1 u y,
      mode_product2 v (x - y) = mode_product2 v x - mode_product2 v y &
      mode_product3 w (x - y) = mode_product3 w x - mode_product3 w y].
Proof.
by split; apply/ffunP => t; rewrite !ffunE -sumrB; apply: eq_bigr => a _; rewrite !ffunE mulrBr.
Qed.

End InnerProduct.

Section OrthogonalProjections.

Variables (R : realFieldType) (m1 m2 m3 : nat).
Notation V := (tensor R m1 m2 m3).
Implicit Types (x y : V) (P Q : V -> V).

Lemma sqnorm_ge0 x : 0 <= sqnorm x.
Proof. by apply: sumr_ge0 => t _; rewrite -expr2 sqr_ge0. Qed.

Record orthogonal_projection P : Prop := OrthogonalProjection {
  projB : forall x y, P (x - y) = P x - P y;
  proj_adjoint : forall x y, dot (P x) y = dot x (P y);
  proj_idem : forall x, P (P x) = P x
}.

Lemma projection_id : orthogonal_projection id.
Proof. by []. Qed.

Lemma proj_split P x y : orthogonal_projection P -> dot (x - P x) (P y) = 0.
Proof. by move=> [B A I]; rewrite -A B I subrr /dot big1 // => t _; rewrite ffunE mul0r. Qed.

Lemma pythagoras P x : orthogonal_projection P -> sqnorm x = sqnorm (P x) + sqnorm (x - P x).
Proof. by move=> oP; rewrite addrC -sqnormD ?subrK // proj_split. Qed.

Lemma never_longer P x : orthogonal_projection P -> sqnorm (P x) <= sqnorm x.
Proof. by move=> oP; rewrite (pythagoras x oP) ler_addl sqnorm_ge0. Qed.

Lemma energy_kept P x : orthogonal_projection P -> sqnorm (P x) = sqnorm x - sqnorm (x - P x).
Proof. by move=> oP; rewrite (pythagoras x oP) addrK. Qed.

Lemma nearest P x y : orthogonal_projection P -> P y = y -> sqnorm (x - P x) <= sqnorm (x - y).
Proof.
move=> oP Py; rewrite (pythagoras (x - y) oP) (projB oP) Py opprB addrA subrK.
by rewrite ler_addr sqnorm_ge0.
Qed.

Lemma commuting_projections P Q :
  orthogonal_projection P -> orthogonal_projection Q -> (forall x, P (Q x) = Q (P x)) ->
  orthogonal_projection (P \o Q).
Proof.
move=> [PB PA PI] [QB QA QI] PQ; split=> [x y|x y|x] /=.
- by rewrite QB PB.
- by rewrite PA QA -PQ.
- by rewrite -PQ PI QI.
Qed.

(** What two projections leave out, one after the other, splits into what the first leaves out and what the second leaves
    out of the rest; that is never more than both leave out alone. *)
Lemma error_of_two P Q x : orthogonal_projection P ->
  sqnorm (x - P (Q x)) = sqnorm (x - P x) + sqnorm (P (x - Q x)).
Proof.
move=> oP; rewrite -sqnormD; last exact: proj_split.
by rewrite (projB oP) addrA subrK.
Qed.

Lemma error_of_two_le P Q x : orthogonal_projection P ->
  sqnorm (x - P (Q x)) <= sqnorm (x - P x) + sqnorm (x - Q x).
Proof. by move=> oP; rewrite (error_of_two Q x oP) ler_add2l never_longer. Qed.

Lemma mode_projections (p1 : 'M[R]_m1) (p2 : 'M[R]_m2) (p3 : 'M[R]_m3) :
  symmetric_idempotent p1 -> symmetric_idempotent p2 -> symmetric_idempotent p3 ->
  [/\ orthogonal_projection (@mode_product1 R m1 m2 m3 m1 p1),
      orthogonal_projection (@mode_product2 R m1 m2 m3 m2 p2) &
      orthogonal_projection (@mode_product3 R m1 m2 m3 m3 p3)].
Proof.
move=> [t1 i1] [t2 i2] [t3 i3]; split; split=> [x y|x y|x].
- by have [-> _ _] := mode_productB p1 0 0 x y.
- by have [-> _ _] := mode_product_adjoint x p1 0 0 y 0 0; rewrite t1.
- by have [-> _ _] := mode_products_of_one_mode_compose x p1 0 0 p1; rewrite i1.
- by have [_ -> _] := mode_productB 0 p2 0 x y.
- by have [_ -> _] := mode_product_adjoint x 0 p2 0 0 y 0; rewrite t2.
- by have [_ -> _] := mode_products_of_one_mode_compose x 0 p2 0 p2; rewrite i2.
- by have [_ _ ->] := mode_productB 0 0 p3 x y.
- by have [_ _ ->] := mode_product_adjoint x 0 0 p3 0 0 y; rewrite t3.
- by have [_ _ ->] := mode_products_of_one_mode_compose x 0 0 p3 p3; rewrite i3.
Qed.

Lemma proj1_projection r (u : 'M[R]_(m1, r)) :
  orthonormal u -> orthogonal_projection (@proj1 R m1 m2 m3 r u).
Proof. by move/projectorP => ou; case: (mode_projections ou (zero_idempotent R m2) (zero_idempotent R m3)). Qed.

Lemma proj2_projection r (v : 'M[R]_(m2, r)) :
  orthonormal v -> orthogonal_projection (@proj2 R m1 m2 m3 r v).
Proof. by move/projectorP => ov; case: (mode_projections (zero_idempotent R m1) ov (zero_idempotent R m3)). Qed.

Lemma proj3_projection r (w : 'M[R]_(m3, r)) :
  orthonormal w -> orthogonal_projection (@proj3 R m1 m2 m3 r w).
Proof. by move/projectorP => ow; case: (mode_projections (zero_idempotent R m1) (zero_idempotent R m2) ow). Qed.

Lemma proj13C r s (u : 'M[R]_(m1, r)) (w : 'M[R]_(m3, s)) x : proj1 u (proj3 w x) = proj3 w (proj1 u x).
Proof. exact: mode_product13C. Qed.

Lemma proj12C r s (u : 'M[R]_(m1, r)) (v : 'M[R]_(m2, s)) x : proj1 u (proj2 v x) = proj2 v (proj1 u x).
Proof. exact: mode_product12C. Qed.

Lemma proj23C r s (v : 'M[R]_(m2, r)) (w : 'M[R]_(m3, s)) x : proj2 v (proj3 w x) = proj3 w (proj2 v x).
Proof. exact: mode_product23C. Qed.

Lemma proj13_projection r s (u : 'M[R]_(m1, r)) (w : 'M[R]_(m3, s)) :
  orthonormal u -> orthonormal w -> orthogonal_projection (fun x => proj1 u (proj3 w x)).
Proof.
move=> /proj1_projection ou /proj3_projection ow.
by apply: commuting_projections ou ow _ => x; exact: proj13C.
Qed.

(** Projecting never makes a trajectory longer, in one mode or in both cut modes: losses in the subspace are bounded by
    losses outside of it, and rounding cannot blow up. *)
Theorem projection_never_longer r s t (u : 'M[R]_(m1, r)) (v : 'M[R]_(m2, s)) (w : 'M[R]_(m3, t)) x :
  orthonormal u -> orthonormal v -> orthonormal w ->
  [/\ sqnorm (proj1 u x) <= sqnorm x, sqnorm (proj2 v x) <= sqnorm x, sqnorm (proj3 w x) <= sqnorm x &
      sqnorm (proj1 u (proj3 w x)) <= sqnorm x].
Proof.
move=> ou ov ow; split.
- exact: never_longer (proj1_projection ou).
- exact: never_longer (proj2_projection ov).
- exact: never_longer (proj3_projection ow).
- exact: never_longer (proj13_projection ou ow).
Qed.

(** Energy kept and energy lost add up, in every mode: the kept share says all about the error of cutting one mode, and a rank
    chosen by an energy threshold is one chosen by a squared error. *)
Theorem pythagoras_one_mode r s t (u : 'M[R]_(m1, r)) (v : 'M[R]_(m2, s)) (w : 'M[R]_(m3, t)) x :
  orthonormal u -> orthonormal v -> orthonormal w ->
  [/\ sqnorm x = sqnorm (proj1 u x) + sqnorm (x - proj1 u x),
      sqnorm x = sqnorm (proj2 v x) + sqnorm (x - proj2 v x) &
      sqnorm x = sqnorm (proj3 w x) + sqnorm (x - proj3 w x)].
Proof.
move=> ou ov ow; split.
- exact: pythagoras (proj1_projection ou).
- exact: pythagoras (proj2_projection ov).
- exact: pythagoras (proj3_projection ow).
Qed.

(** The same with both modes cut at once: the subspace and its complement share out the energy of the corpus, so nothing is
    counted twice when the complement is matched instead. *)
Theorem pythagoras_two_modes r s (u : 'M[R]_(m1, r)) (w : 'M[R]_(m3, s)) x :
  orthonormal u -> orthonormal w ->
  sqnorm x = sqnorm (proj1 u (proj3 w x)) + sqnorm (x - proj1 u (proj3 w x)).
Proof. by move=> ou ow; exact: pythagoras (proj13_projection ou ow). Qed.

(** No point of the subspace is nearer to a trajectory than its projection: given the bases, [U U'] is the best there is. What
    is left to choose is the bases, and the rank. *)
Theorem projection_is_nearest r s (u : 'M[R]_(m1, r)) (w : 'M[R]_(m3, s)) x y :
  orthonormal u -> orthonormal w -> proj1 u (proj3 w y) = y ->
  sqnorm (x - proj1 u (proj3 w x)) <= sqnorm (x - y).
Proof. by move=> ou ow; exact: nearest (proj13_projection ou ow). Qed.

End OrthogonalProjections.

Section Coordinates.

Variables (R : realFieldType) (m1 m2 m3 : nat).

Implicit Types x : tensor R m1 m2 m3.

Lemma coordinates_norm1 r (u : 'M[R]_(m1, r)) x :
  orthonormal u -> sqnorm (mode_product1 u^T x) = sqnorm (proj1 u x).
Proof.
move=> ou; rewrite [RHS](proj_adjoint (proj1_projection _ _ ou)) (proj_idem (proj1_projection _ _ ou)).
rewrite /sqnorm; have [-> _ _] := mode_product_adjoint x u^T 0 0 (mode_product1 u^T x) 0 0.
by rewrite trmxK; have [-> _ _] := mode_products_of_one_mode_compose x u^T 0 0 u.
Qed.

Lemma coordinates_norm2 r (v : 'M[R]_(m2, r)) x :
  orthonormal v -> sqnorm (mode_product2 v^T x) = sqnorm (proj2 v x).
Proof.
move=> ov; rewrite [RHS](proj_adjoint (proj2_projection _ _ ov)) (proj_idem (proj2_projection _ _ ov)).
rewrite /sqnorm; have [_ -> _] := mode_product_adjoint x 0 v^T 0 0 (mode_product2 v^T x) 0.
by rewrite trmxK; have [_ -> _] := mode_products_of_one_mode_compose x 0 v^T 0 v.
Qed.

Lemma coordinates_norm3 r (w : 'M[R]_(m3, r)) x :
  orthonormal w -> sqnorm (mode_product3 w^T x) = sqnorm (proj3 w x).
Proof.
move=> ow; rewrite [RHS](proj_adjoint (proj3_projection _ _ ow)) (proj_idem (proj3_projection _ _ ow)).
rewrite /sqnorm; have [_ _ ->] := mode_product_adjoint x 0 0 w^T 0 0 (mode_product3 w^T x).
by rewrite trmxK; have [_ _ ->] := mode_products_of_one_mode_compose x 0 0 w^T w.
Qed.

End Coordinates.

(** The small tensor of coordinates has the norm of the projection that it stands for: the objective may work on [r_L x r_d]
    numbers a token, and the energy kept is read off them. *)
Theorem coordinates_keep_the_norm (R : realFieldType) m1 m2 m3 r s (x : tensor R m1 m2 m3)
    (u : 'M[R]_(m1, r)) (w : 'M[R]_(m3, s)) :
  orthonormal u -> orthonormal w ->
  sqnorm (mode_product1 u^T (mode_product3 w^T x)) = sqnorm (proj1 u (proj3 w x)).
Proof.
move=> ou ow; rewrite coordinates_norm1 // proj13C -coordinates_norm3 //; congr sqnorm.
exact: mode_product13C.
Qed.
