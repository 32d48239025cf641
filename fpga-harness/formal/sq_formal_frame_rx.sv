// sq_link_frame_rx never writes over what has not been read: every byte goes behind the frames that wait, and before the first of them.
//
// Any bytes at any time, any reader that gives back at most what there is, whole frames or not.
module sq_formal_frame_rx (
  input  wire        clk_i,
  input  wire [7:0]  data_i,
  input  wire        valid_i,
  input  wire        next_i,
  input  wire        rewind_i,
  input  wire        bound_i,
  input  wire [7:0]  bound_length_i,
  input  wire        release_i
);
`include "sq_formal_claim.svh"
  reg started_q `START(0);
  always @(posedge clk_i) started_q <= 1;
`ifdef STEP
  always @* assume (started_q);
`endif
  wire avail;
  wire [7:0] data;
  sq_link_frame_rx dut (
    .clk_i(clk_i), .rst_i(!started_q), .data_i(data_i), .valid_i(valid_i), .avail_o(avail), .data_o(data), .next_i(next_i),
    .rewind_i(rewind_i), .bound_i(bound_i), .bound_length_i(bound_length_i), .release_i(release_i)
  );
  (* hierconn *) wire [8:0] \dut.first_q , \dut.write_q , \dut.tail_q , \dut.end_q , \dut.ring_waddr ;
  (* hierconn *) wire [7:0] \dut.length_q ;
  (* hierconn *) wire \dut.ring_we , \dut.inside_q , \dut.lost_q , \dut.put , \dut.full_q , \dut.none_q , \dut.longest_q ;

  // Distances from the first byte that is not released, around the ring.
  wire [8:0] waiting = \dut.first_q - \dut.tail_q , to = \dut.ring_waddr - \dut.tail_q , here = \dut.write_q - \dut.tail_q ;
  wire [8:0] given = \dut.end_q - \dut.tail_q ;
  wire [9:0] room_used = here == 0 ? 10'd512 : {1'b0, here};
  // What was given back cannot be given back again: nothing in [tail, end] once it is released.
  always @* assume (!release_i || given <= waiting);

  // Bytes are ten bits of the line apart; two clocks are enough.
  reg valid_q;
  always @(posedge clk_i) valid_q <= valid_i;
  always @* assume (!(valid_i && valid_q));

  // One byte that waits, any, and whether it does.
  (* anyconst *) reg [8:0] chosen;
  wire [8:0] chosen_at = chosen - \dut.tail_q ;
  always @(posedge clk_i) if (started_q) begin
    if (\dut.ring_we ) begin
      `CLAIM(!(chosen_at < waiting && \dut.ring_waddr == chosen));
      `CLAIM(to >= waiting);
      // A byte of a frame leaves the place of its length alone.
      `CLAIM(!(\dut.put && to == waiting));
    end
    // What is seen a clock late is seen before the next byte.
    if (!valid_q) begin
      `CLAIM(!\dut.inside_q || here != 0 || \dut.full_q );
      `CLAIM(waiting != 511 || \dut.none_q );
      `CLAIM(!\dut.inside_q || \dut.length_q != 249 || \dut.longest_q );
    end
    // No frame is longer than its length can say.
    if (\dut.inside_q ) begin
      `CLAIM(\dut.length_q <= 249);
      `CLAIM({1'b0, waiting} + 1 + \dut.length_q == room_used);
    end
    `CLAIM(!(\dut.inside_q && \dut.lost_q ));
  end
endmodule
